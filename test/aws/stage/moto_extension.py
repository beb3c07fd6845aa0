"""
moto's server with what Mayfly's stacks and their tests need beyond it. Usage: moto_extension.py -p PORT

    moto_deploy.py   lets an untouched `cdk bootstrap` and `cdk deploy` through
    moto_fleet.py    CreateFleet as EC2 does it: tokens, capacity, launch templates, pending -> running, state events
    this file        one request at a time, transaction tokens, and the tests' control interface below /mayfly/

Everything stays in memory. One request at a time, because moto's tables and queues lose writes when two requests meet,
which would make the tests of races meaningless.
"""

import argparse
import io
import json
import threading
import time

from moto.dynamodb.exceptions import DynamodbException
from moto.dynamodb.responses import DynamoHandler
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sqs.models import SQSBackend
from werkzeug.serving import WSGIRequestHandler, run_simple
from werkzeug.wrappers import Request, Response

import moto_deploy
import moto_fleet

TRANSACTION_TOKEN_SECONDS = 600


class IdempotentParameterMismatch(DynamodbException):
    def __init__(self):
        code = "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException"
        super().__init__(code, "Another transaction was sent with this ClientRequestToken")


def honour_transaction_tokens():
    """The same token within ten minutes: done once. Other writes under it are refused."""
    transact = DynamoHandler.transact_write_items
    seen = {}

    def transact_write_items(self):
        token = self.body.get("ClientRequestToken")
        wanted = json.dumps(self.body["TransactItems"], sort_keys=True)
        before, at = seen.get(token, (None, 0))
        if token is None or time.monotonic() - at > TRANSACTION_TOKEN_SECONDS:
            reply = transact(self)
            seen[token] = (wanted, time.monotonic())
            return reply
        if before != wanted:
            raise IdempotentParameterMismatch()
        # Twice is as good as once here: a transaction without writes gives the reply without the effect.
        body, self.body = self.body, {**self.body, "TransactItems": []}
        try:
            return transact(self)
        finally:
            self.body = body

    DynamoHandler.transact_write_items = transact_write_items


def never_wait_for_messages():
    """A long poll would keep all other requests waiting: pollers pause between polls instead."""
    receive = SQSBackend.receive_message

    def receive_message(self, queue_name, count, wait_seconds_timeout, *rest, **named):
        return receive(self, queue_name, count, 0, *rest, **named)

    SQSBackend.receive_message = receive_message


class Application:
    """moto, one request at a time, and the control interface."""

    def __init__(self):
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.lock = threading.RLock()

    def __call__(self, environ, start_response):
        request = Request(environ)
        body = request.get_data()  # before the lock: a slow client keeps nobody waiting
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        with self.lock:
            if request.path.startswith("/mayfly/"):
                return self.control(request)(environ, start_response)
            return list(self.moto(environ, start_response))

    def control(self, request):
        body = json.loads(request.get_data() or b"{}")
        verb = CONTROLS.get((request.method, request.path.removeprefix("/mayfly/")))
        if verb is None:
            return Response(f"no control {request.method} {request.path}", status=404)
        return Response(json.dumps(verb(body, request.args), default=str), content_type="application/json")


CONTROLS = {
    # -> [{stack, logicalId, type, physicalId, properties}]: every resource with its properties resolved.
    ("GET", "resources"): lambda body, query: moto_deploy.resources,
    # after=N -> [{seq, instanceId, state, at}]
    ("GET", "changes"): lambda body, query: moto_fleet.changes[int(query.get("after", 0)) :],
    # -> [{token, market, wanted, instanceIds, replayed}], one for each CreateFleet that was answered.
    ("GET", "launches"): lambda body, query: moto_fleet.launches,
    # {"spot": 3, "on-demand": null}: how many instances can still be had; null: any number.
    ("POST", "capacity"): lambda body, query: moto_fleet.capacity.update(body),
    # {"overrides": [{"instanceType", "subnetId"}]}: those that have nothing from now on.
    ("POST", "exhausted"): lambda body, query: moto_fleet.exhaust(body["overrides"]),
    # {"code", "times"}: the next fleets launch nothing and say this among their Errors.
    ("POST", "fleet-error"): lambda body, query: moto_fleet.fleet_errors.extend([body["code"]] * body.get("times", 1)),
    # {"milliseconds"}: from the launch to "running".
    ("POST", "pending"): lambda body, query: moto_fleet.pending.update(body),
    # {"instanceId", "cause": "shutdown" | "reclaim" | "spot-warning"}
    ("POST", "happen"): lambda body, query: moto_fleet.happen(body["instanceId"], body["cause"]),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-p", "--port", type=int, required=True)
    port = parser.parse_args().port
    moto_deploy.install()
    app = Application()
    moto_fleet.install(app.lock)
    honour_transaction_tokens()
    never_wait_for_messages()
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    run_simple("127.0.0.1", port, app, threaded=True)


if __name__ == "__main__":
    main()
