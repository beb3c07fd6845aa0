"""
EC2's instant fleets, as far as launches depend on them: client tokens, capacity, errors, what the launch template
says, pending before running, shutdown behaviour, and the events of EC2 through EventBridge's rules.
"""

import json
import re
import threading
import time

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance, InstanceState, StateReason
from moto.ec2.responses.fleets import Fleets
from moto.ec2.utils import convert_tag_spec, random_fleet_id
from moto.events.models import events_backends
from moto.events import models as events_models

from moto_deploy import made_up_image

USER_DATA_BYTES = 16_384
SHORTAGE = {"spot": "UnfulfillableCapacity", "on-demand": "InsufficientInstanceCapacity"}
STRATEGIES = {
    "spot": {"lowest-price", "diversified", "capacity-optimized", "capacity-optimized-prioritized"}
    | {"price-capacity-optimized"},
    "on-demand": {"lowest-price", "prioritized"},
}

# Set by the tests, read through the control interface.
capacity = {"spot": None, "on-demand": None}
exhausted = []
fleet_errors = []
pending = {"milliseconds": 200}
changes = []
launches = []

_replies = {}
_lock = threading.RLock()


def install(lock):
    global _lock
    _lock = lock
    Fleets.create_fleet = create_fleet
    Instance.terminate = _announced(Instance.terminate, ["shutting-down", "terminated"], unless="terminated")
    Instance.stop = _announced(Instance.stop, ["stopping", "stopped"])
    Instance.start = _announced(Instance.start, ["pending", "running"])
    events_models.EventTemplateParser.parse = staticmethod(transform_input)
    _leave_schedules_alone()


def exhaust(overrides):
    exhausted[:] = overrides


# ---- CreateFleet


def create_fleet(self):
    request = json.loads(json.dumps(self.params, default=str))
    token = request.pop("ClientToken", None)
    wanted = json.dumps(request, sort_keys=True)
    if token in _replies:
        return ActionResult(_replay(self.ec2_backend, token, wanted))
    reply, log = _launch(self.ec2_backend, request)
    launches.append({"token": token, "replayed": False, **log})
    if token is not None:
        _replies[token] = (wanted, reply, log)
    return ActionResult(reply)


def _replay(backend, token, wanted):
    before, reply, log = _replies[token]
    if before != wanted:
        raise EC2ClientError("IdempotentParameterMismatch", "The client token was used with other parameters")
    if any(backend.get_instance(one).state == "terminated" for one in log["instanceIds"]):
        raise EC2ClientError("IdempotentInstanceTerminated", "An instance of this client token is terminated")
    launches.append({"token": token, "replayed": True, **log})
    return reply


def _launch(backend, request):
    if request.get("Type") != "instant":
        raise EC2ClientError("InvalidParameterValue", "only fleets of type instant are known here")
    target = request["TargetCapacitySpecification"]
    market = target.get("DefaultTargetCapacityType", "on-demand")
    wanted = int(target["TotalTargetCapacity"])
    _check_strategy(request, market)
    choices = _choices(backend, request)
    reply = {"FleetId": random_fleet_id(), "Instances": [], "Errors": []}
    tags = convert_tag_spec(request.get("TagSpecifications", []))
    empty = [one for one in choices if _names(one) in exhausted]
    full = [one for one in choices if _names(one) not in exhausted]
    granted, error = _grant(full, market, wanted)
    taken = {}
    for position in range(granted):
        choice = full[position % len(full)]
        instance = _start(backend, choice, market, tags, reply["FleetId"])
        taken.setdefault(position % len(full), []).append(instance.id)
    for position, ids in taken.items():
        reply["Instances"].append(_part(full[position], market) | {"InstanceIds": ids} | _type(full[position]))
    # EC2 tells of choices that it could not use even when it did not need them.
    errors = [(one, SHORTAGE[market]) for one in empty] + [(one, error) for one in full if error is not None]
    reply["Errors"] = [_part(one, market) | {"ErrorCode": code, "ErrorMessage": code} for one, code in errors]
    ids = [one for part in reply["Instances"] for one in part["InstanceIds"]]
    return reply, {"market": market, "wanted": wanted, "instanceIds": ids}


def _check_strategy(request, market):
    options = request.get("SpotOptions" if market == "spot" else "OnDemandOptions", {})
    strategy = options.get("AllocationStrategy")
    if strategy is not None and strategy not in STRATEGIES[market]:
        raise EC2ClientError("InvalidParameterValue", f"{strategy} is no allocation strategy of {market} instances")


def _choices(backend, request):
    """Launch template and override, each way in which an instance may be had."""
    choices = []
    for config in request["LaunchTemplateConfigs"]:
        named = config["LaunchTemplateSpecification"]
        template = backend.get_launch_template(named["LaunchTemplateId"])
        version = template.get_version(named["Version"])
        if len(_user_data(version)) > USER_DATA_BYTES:
            raise EC2ClientError("InvalidParameterValue", f"User data is limited to {USER_DATA_BYTES} bytes")
        used = {"LaunchTemplateId": template.id, "Version": str(version.number)}
        for override in config.get("Overrides") or [{}]:
            choices.append({"version": version, "specification": used, "override": override})
    return choices


def _user_data(version):
    return version.user_data.decode() if version.user_data is not None else ""


def _grant(choices, market, wanted):
    """How many instances can be had, and the error code when it is not all of them."""
    if fleet_errors:
        return 0, fleet_errors.pop(0)
    if market == "on-demand" and any("spot-instances-request" in _tags(one["version"]) for one in choices):
        return 0, "InvalidTagParameter.SpotInstancesRequest"
    if not choices:
        return 0, None
    left = capacity[market]
    if left is None or left >= wanted:
        capacity[market] = left if left is None else left - wanted
        return wanted, None
    capacity[market] = 0
    return left, SHORTAGE[market]


def _names(choice):
    return {"instanceType": choice["override"].get("InstanceType"), "subnetId": choice["override"].get("SubnetId")}


def _tags(version):
    return convert_tag_spec(version.data.get("TagSpecifications", []))


def _part(choice, market):
    chosen = {"LaunchTemplateSpecification": choice["specification"], "Overrides": choice["override"]}
    return {"LaunchTemplateAndOverrides": chosen, "Lifecycle": market}


def _type(choice):
    return {"InstanceType": choice["override"].get("InstanceType", choice["version"].instance_type)}


def _start(backend, choice, market, tags, fleet_id):
    data, override = choice["version"].data, choice["override"]
    merged = {**_tags(choice["version"]).get("instance", {}), **tags.get("instance", {}), "aws:ec2:fleet-id": fleet_id}
    named = {
        "instance_type": _type(choice)["InstanceType"],
        "is_instance_type_default": False,
        "subnet_id": override.get("SubnetId"),
        "launch_template": choice["specification"],
        "lifecycle": "spot" if market == "spot" else None,
        "tags": {"instance": merged, "volume": {**_tags(choice["version"]).get("volume", {}), **tags.get("volume", {})}},
        "instance_initiated_shutdown_behavior": data.get("InstanceInitiatedShutdownBehavior"),
        "metadata_options": data.get("MetadataOptions", {}),
        "ebs_optimized": data.get("EbsOptimized"),
        "nics": [_interface(one) for one in data.get("NetworkInterfaces", [])],
        "block_device_mappings": data.get("BlockDeviceMappings", []),
        "region_name": backend.region_name,
    }
    image = _image(override.get("ImageId") or data["ImageId"])
    [instance] = backend.run_instances(image, 1, choice["version"].user_data, [], **named).instances
    profile = data.get("IamInstanceProfile", {})
    if profile:
        backend.associate_iam_instance_profile(instance.id, profile.get("Name"), profile.get("Arn"))
    _run_soon(instance)
    return instance


def _interface(given):
    public = given.get("AssociatePublicIpAddress")
    public = None if public is None else str(public).lower() == "true"
    return {**given, "DeviceIndex": int(given.get("DeviceIndex", 0)), "AssociatePublicIpAddress": public}


def _image(given):
    """`resolve:ssm:<parameter>` is resolved at the launch."""
    return made_up_image(given.removeprefix("resolve:ssm:")) if given.startswith("resolve:ssm:") else given


# ---- states


def _run_soon(instance):
    instance._state = InstanceState("pending", 0)
    _announce(instance, "pending")

    def run():
        with _lock:
            if instance.state == "pending":
                instance._state = InstanceState("running", 16)
                _announce(instance, "running")

    timer = threading.Timer(pending["milliseconds"] / 1000, run)
    timer.daemon = True
    timer.start()


def _announced(change, states, unless=None):
    def changed(self):
        if self.state == unless:
            return InstanceState(self.state, self.state_code)
        before = change(self)
        for state in states:
            _announce(self, state)
        return before

    return changed


def _announce(instance, state):
    change = {"seq": len(changes) + 1, "instanceId": instance.id, "state": state, "at": int(time.time() * 1000)}
    changes.append(change)
    detail = {"instance-id": instance.id, "state": state}
    _put_event(instance, "EC2 Instance State-change Notification", detail)


def _put_event(instance, kind, detail):
    backend = instance.ec2_backend
    arn = f"arn:aws:ec2:{backend.region_name}:{backend.account_id}:instance/{instance.id}"
    event = {"Source": "aws.ec2", "DetailType": kind, "Detail": json.dumps(detail), "Resources": [arn]}
    events_backends[backend.account_id][backend.region_name].put_events([event])


def happen(instance_id, cause):
    """What befalls an instance without anybody calling EC2."""
    instance = _find(instance_id)
    if cause == "spot-warning":
        warning = {"instance-id": instance_id, "instance-action": "terminate"}
        return _put_event(instance, "EC2 Spot Instance Interruption Warning", warning)
    if cause == "reclaim":
        instance.terminate()
        reason = "Server.SpotInstanceTermination"
    elif cause == "shutdown":
        instance.terminate() if instance.instance_initiated_shutdown_behavior == "terminate" else instance.stop()
        reason = "Client.InstanceInitiatedShutdown"
    else:
        raise ValueError(f"unknown cause {cause}")
    instance.state_reason = StateReason(f"{reason}: {cause}", reason)
    return None


def _find(instance_id):
    for account in ec2_backends.values():
        for backend in account.values():
            for instance in backend.all_instances():
                if instance.id == instance_id:
                    return instance
    raise KeyError(instance_id)


# ---- EventBridge


def _leave_schedules_alone():
    """moto takes a rule without a pattern for one that every event fits."""
    send = events_models.Rule.send_to_targets

    def send_to_targets(self, *rest, **named):
        if not self.scheduled_expression:
            send(self, *rest, **named)

    events_models.Rule.send_to_targets = send_to_targets


def transform_input(input_template, input_paths_map, event):
    """moto leaves a text that stands outside of quotes as it is; EventBridge quotes it."""
    if input_template is None:
        return {key: value for key, value in event.items() if key != "ingestion-time"}
    values = {name: _at(path, event) for name, path in (input_paths_map or {}).items()}

    def quoted(match):
        return json.dumps(str(values[match[1]]))

    def bare(match):
        return json.dumps(values[match[1]])

    names = "|".join(re.escape(name) for name in values)
    text = re.sub(f'"<({names})>"', quoted, input_template)
    return json.loads(re.sub(f"<({names})>", bare, text))


def _at(path, event):
    for part in path.removeprefix("$.").split("."):
        event = event[part]
    return event
