"""
What an untouched `cdk bootstrap` and `cdk deploy` need and moto lacks: resource types, custom resources that nobody
answers, and four bugs on the CLI's path. Only fresh deploys: updates and deletions still fail in moto.
"""

import hashlib
import json
import traceback
from urllib.parse import urlparse

from moto.awslambda.models import EventSourceMapping
from moto.cloudformation import parsing, responses
from moto.cloudformation.custom_model import CustomModel
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.models import CloudFormationBackend
from moto.core.common_models import CloudFormationModel
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sqs.models import Queue, sqs_backends
from moto.ssm.models import Parameter

# Every resource that was deployed, as the template says it with all references resolved.
resources = []

# Subclasses are found through a list of weak references.
_models = []


def install():
    for type_name, create in _TYPES.items():
        _models.append(_model(type_name, create))
    _record_resources()
    _answer_custom_resources()
    _read_templates_by_path()
    _keep_outputs()
    _allow_missing_change_sets()
    _know_public_images()
    _name_parameters()
    _leave_queues_to_the_tests()


# ---- types: (name, properties, account, region) -> physical id, attributes


def _inert(name, properties, account, region):
    return name, {}


def _api(name, properties, account, region):
    api_id = name[-10:].lower().replace("-", "x")
    return api_id, {"ApiId": api_id, "ApiEndpoint": f"https://{api_id}.execute-api.{region}.amazonaws.com"}


def _integration(name, properties, account, region):
    return name, {"IntegrationId": name}


def _secret(name, properties, account, region):
    backend = secretsmanager_backends[account][region]
    text = properties.get("SecretString")
    wish = properties.get("GenerateSecretString")
    if text is None and wish is not None:
        text = _generated(backend, wish)
    reply = backend.create_secret(
        name=properties.get("Name") or name,
        secret_string=text,
        secret_binary=None,
        description=properties.get("Description"),
        tags=[],
        kms_key_id=None,
        client_request_token=None,
        replica_regions=[],
        force_overwrite=False,
    )
    arn = json.loads(reply)["ARN"]
    return arn, {"Id": arn}


def _generated(backend, wish):
    length = int(wish.get("PasswordLength", 32))
    no_punctuation = str(wish.get("ExcludePunctuation", "false")).lower() == "true"
    reply = backend.get_random_password(
        length, wish.get("ExcludeCharacters", ""), False, no_punctuation, False, False, False, True
    )
    password = json.loads(reply)["RandomPassword"]
    if "GenerateStringKey" not in wish:
        return password
    return json.dumps({**json.loads(wish.get("SecretStringTemplate", "{}")), wish["GenerateStringKey"]: password})


def _queue_policy(name, properties, account, region):
    for url in properties["Queues"]:
        policy = {"Policy": json.dumps(properties["PolicyDocument"])}
        sqs_backends[account][region].set_queue_attributes(url.rsplit("/", 1)[-1], policy)
    return name, {}


def _alarm(name, properties, account, region):
    name = properties.get("AlarmName") or name
    return name, {"Arn": f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"}


_TYPES = {
    "AWS::ApiGatewayV2::Api": _api,
    "AWS::ApiGatewayV2::Integration": _integration,
    "AWS::ApiGatewayV2::Route": _inert,
    "AWS::ApiGatewayV2::Stage": _inert,
    "AWS::CDK::Metadata": _inert,
    "AWS::CloudFormation::CustomResource": _inert,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": _inert,
    "AWS::EC2::SecurityGroupEgress": _inert,
    "AWS::Lambda::EventInvokeConfig": _inert,
    # moto would apply a Deny without looking at its Condition (aws:SecureTransport).
    "AWS::S3::BucketPolicy": _inert,
    "AWS::SecretsManager::Secret": _secret,
    "AWS::SQS::QueuePolicy": _queue_policy,
}


def _model(type_name, create):
    class Model(CloudFormationModel):
        __module__ = "moto.mayfly.models"

        def __init__(self, physical_resource_id, attributes):
            self.physical_resource_id = physical_resource_id
            self.attributes = attributes

        @staticmethod
        def cloudformation_name_type():
            return ""

        @staticmethod
        def cloudformation_type():
            return type_name

        @classmethod
        def has_cfn_attr(cls, attr):
            return True

        @classmethod
        def create_from_cloudformation_json(cls, name, cloudformation_json, account, region, **_):
            return cls(*create(name, cloudformation_json.get("Properties", {}), account, region))

        @classmethod
        def update_from_cloudformation_json(cls, original_resource, *_, **__):
            return original_resource

        @classmethod
        def delete_from_cloudformation_json(cls, *_, **__):
            return None

        def is_created(self):
            return True

        def get_cfn_attribute(self, attribute_name):
            return self.attributes.get(attribute_name, attribute_name)

    return Model


# ---- the way in


def _record_resources():
    create = parsing.parse_and_create_resource

    def parse_and_create_resource(logical_id, resource_json, resources_map, account_id, region_name):
        made = create(logical_id, resource_json, resources_map, account_id, region_name)
        if made is not None:
            resources.append(
                {
                    "stack": resources_map["AWS::StackName"],
                    "logicalId": logical_id,
                    "type": resource_json["Type"],
                    "physicalId": getattr(made, "physical_resource_id", None),
                    "properties": parsing.clean_json(resource_json.get("Properties", {}), resources_map),
                }
            )
        return made

    parsing.parse_and_create_resource = parse_and_create_resource


def _answer_custom_resources():
    """Their functions run nowhere here: the tests invoke by hand what matters."""

    def create_from_cloudformation_json(cls, name, cloudformation_json, account, region, **named):
        made = CustomModel(region, "request", named["LogicalId"], name)
        made.set_data({})
        return made

    CustomModel.create_from_cloudformation_json = classmethod(create_from_cloudformation_json)


def _read_templates_by_path():
    """The CLI gives the template's address in path style, as it must with an address of numbers."""
    read = responses.get_stack_from_s3_url

    def get_stack_from_s3_url(template_url, account_id, partition):
        url = urlparse(template_url)
        if url.hostname != "127.0.0.1":
            return read(template_url, account_id, partition)
        bucket, key = url.path.lstrip("/").split("/", 1)
        return s3_backends[account_id][partition].get_object(bucket, key).value.decode()

    responses.get_stack_from_s3_url = get_stack_from_s3_url


def _keep_outputs():
    """moto forgets the outputs of a stack that was made through a change set."""
    execute = CloudFormationBackend.execute_change_set

    def execute_change_set(self, change_set_name, stack_name=None):
        change_set = _find_change_set(self, change_set_name, stack_name)
        try:
            execute(self, change_set.change_set_id, stack_name)
        except Exception as error:
            # A 500 would be repeated by the CLI, which then takes the half-made stack for a whole one.
            traceback.print_exc()
            raise ValidationError(message=f"{type(error).__name__}: {error}") from error
        stack = self.stacks[change_set.stack_id]
        stack.template_dict = change_set.template_dict
        stack.output_map = stack._create_output_map()

    CloudFormationBackend.execute_change_set = execute_change_set


def _find_change_set(backend, name, stack_name=None):
    for key, change_set in backend.change_sets.items():
        named = name in (key, change_set.change_set_name)
        if named and stack_name in (None, change_set.stack_name, change_set.stack_id):
            return change_set
    raise ChangeSetNotFound()


class ChangeSetNotFound(CloudFormationError):
    code = "ChangeSetNotFound"
    message = "ChangeSet does not exist"


def _allow_missing_change_sets():
    """The CLI deletes a change set that may not exist, and asks for one until it does."""
    describe, delete = CloudFormationBackend.describe_change_set, CloudFormationBackend.delete_change_set

    def describe_change_set(self, change_set_name, *rest, **named):
        _find_change_set(self, change_set_name)
        return describe(self, change_set_name, *rest, **named)

    def delete_change_set(self, change_set_name, *rest, **named):
        try:
            _find_change_set(self, change_set_name)
        except ChangeSetNotFound:
            return None
        return delete(self, change_set_name, *rest, **named)

    CloudFormationBackend.describe_change_set = describe_change_set
    CloudFormationBackend.delete_change_set = delete_change_set


def made_up_image(parameter):
    """moto has few of the public image parameters: an id that follows from the name stands for the newest image."""
    return "ami-" + hashlib.sha256(parameter.encode()).hexdigest()[:17]


def _know_public_images():
    parse = parsing.ResourceMap.parse_ssm_parameter

    def parse_ssm_parameter(self, value, value_type):
        if value.startswith("/aws/service/"):
            return made_up_image(value)
        return parse(self, value, value_type)

    parsing.ResourceMap.parse_ssm_parameter = parse_ssm_parameter


def _name_parameters():
    """moto wants every SSM parameter to be named by its template."""
    create = Parameter.create_from_cloudformation_json.__func__

    def create_from_cloudformation_json(cls, name, cloudformation_json, account, region, **named):
        cloudformation_json["Properties"].setdefault("Name", f"CFN-{name}")
        return create(cls, name, cloudformation_json, account, region, **named)

    Parameter.create_from_cloudformation_json = classmethod(create_from_cloudformation_json)


class _NoMappings(dict):
    def __setitem__(self, function: str, mapping: EventSourceMapping):
        pass


def _leave_queues_to_the_tests():
    """moto would hand messages to functions that it can not run, and count those as receives."""
    make = Queue.__init__

    def __init__(self, *rest, **named):
        make(self, *rest, **named)
        self.lambda_event_source_mappings = _NoMappings()

    Queue.__init__ = __init__
