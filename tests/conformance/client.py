"""Runs the steps on standard input with Python's Dapr client; prints an outcome for each."""

import json
import queue
import sys
import time
import urllib.request

import grpc
from dapr.clients import DaprClient
from dapr.clients.grpc._request import TransactionalStateOperation, TransactionOperationType
from dapr.clients.grpc._state import Concurrency, Consistency, StateItem, StateOptions

KINDS = {
    grpc.StatusCode.ABORTED: "conflict",
    grpc.StatusCode.INVALID_ARGUMENT: "invalid",
    grpc.StatusCode.NOT_FOUND: "missing",
}


def options(item):
    first = Concurrency.first_write if item.get("firstWrite") else Concurrency.unspecified
    return StateOptions(consistency=Consistency.unspecified, concurrency=first)


def metadata(item):
    return {"ttlInSeconds": item["ttl"]} if "ttl" in item else {}


def run(client, step, etags, operator):
    store, what = step.get("store", "statestore"), step["do"]
    etag = lambda item: etags.get(item["etag"][1:], item["etag"]) if item.get("etag") else None
    if what == "save":
        if len(step["items"]) == 1:
            item = step["items"][0]
            client.save_state(store, item["key"], json.dumps(item["value"]), etag=etag(item), options=options(item), state_metadata=metadata(item))
        else:
            items = [StateItem(i["key"], json.dumps(i["value"]), etag=etag(i), options=options(i).get_proto(), metadata=metadata(i)) for i in step["items"]]
            client.save_bulk_state(store, items)
        return "ok"
    if what == "get":
        answer = client.get_state(store, step["key"])
        if "keep" in step:
            etags[step["keep"]] = answer.etag
        return {"value": json.loads(answer.data)} if answer.etag else "absent"
    if what == "bulk":
        items = {item.key: item for item in client.get_bulk_state(store, step["keys"]).items}
        return [[key, json.loads(items[key].data)] if items[key].etag else [key] for key in step["keys"]]
    if what == "delete":
        client.delete_state(store, step["key"], etag=etag(step))
        return "ok"
    if what == "transaction":
        kinds = {"upsert": TransactionOperationType.upsert, "delete": TransactionOperationType.delete}
        operations = [
            TransactionalStateOperation(item["key"], json.dumps(item.get("value")), etag(item), kinds[kind])
            for kind, item in step["operations"]
        ]
        client.execute_state_transaction(store, operations)
        return "ok"
    if what == "query":
        answer = client.query_state(store, json.dumps(step["query"]))
        return {"keys": [item.key for item in answer.results], "token": bool(answer.token)}
    if what == "publish":
        data = step["data"] if isinstance(step["data"], str) else json.dumps(step["data"])
        client.publish_event(step.get("pubsub", "pubsub"), step["topic"], data, data_content_type=step["type"])
        return "ok"
    if what == "listen":
        pubsub, seen = step.get("pubsub", "pubsub"), []
        subscription = client.subscribe(pubsub, step["topic"])
        answers = {"SUCCESS": subscription.respond_success, "RETRY": subscription.respond_retry, "DROP": subscription.respond_drop}
        for data in step["messages"]:
            client.publish_event(pubsub, step["topic"], data, data_content_type="text/plain")
        for answer in step["answers"]:
            message = subscription.next_message()
            seen.append(message.data())
            answers[answer](message)
        # Closing cancels the stream, and with it answers that have not been sent yet.
        time.sleep(0.5)
        subscription.close()
        return seen
    if what == "invoke":
        path, _, query = step["method"].partition("?")
        parameters = [tuple(pair.split("=")) for pair in query.split("&") if pair]
        # Compact, as other clients write it.
        body = json.dumps(step["body"], separators=(",", ":")) if "body" in step else ""
        answer = client.invoke_method(step.get("app", "daplet"), path, data=body, content_type="application/json" if body else "", http_verb=step["http"], http_querystring=parameters or None)
        return json.loads(answer.data)
    if what == "secret":
        return dict(client.get_secret(step.get("store", "secretstore"), step["key"]).secret)
    if what == "secrets":
        found = client.get_bulk_secret(step.get("store", "secretstore")).secrets
        return {key: dict(secret) for key, secret in found.items()}
    if what == "configuration":
        items = client.get_configuration(step.get("store", "configstore"), step["keys"]).items
        return {key: item.value for key, item in items.items()}
    if what == "watch":
        changes = queue.Queue()
        store = step.get("store", "configstore")
        told = lambda _, answer: changes.put({key: item.value for key, item in answer.items.items()})
        subscription = client.subscribe_configuration(store, step["keys"], told)
        # Again and again: a change that comes before the subscription is in force is not told.
        for _ in range(30):
            urllib.request.urlopen(urllib.request.Request(f"{operator}/{step['key']}", data=step["value"].encode(), method="PUT"))
            try:
                change = changes.get(timeout=0.5)
                client.unsubscribe_configuration(store, subscription)
                return change
            except queue.Empty:
                pass
        raise TimeoutError("no change was told")
    if what == "binding":
        data = json.dumps(step["data"], separators=(",", ":"), ensure_ascii=False)
        answer = client.invoke_binding(step["name"], step["operation"], data, step["metadata"]).json()
        return {name: answer[name] for name in ("method", "path", "body")}
    if what == "lock":
        return client.try_lock(step.get("store", "lockstore"), step["resource"], step["owner"], step["expiry"]).success
    if what == "unlock":
        return client.unlock(step.get("store", "lockstore"), step["resource"], step["owner"]).status.value
    if what == "metadata":
        answer = client.get_metadata()
        return {"id": answer.application_id, "components": sorted([c.name, c.type] for c in answer.registered_components)}
    raise ValueError(f"no such step: {what}")


def outcome(client, step, etags, operator):
    try:
        return run(client, step, etags, operator)
    except grpc.RpcError as error:
        return {"error": KINDS.get(error.code(), "failed"), "told": error.details()}
    except Exception as error:
        # What the client itself refuses, it refuses as invalid.
        if isinstance(error, ValueError):
            return {"error": "invalid", "told": str(error)}
        return {"error": "failed", "told": f"{type(error).__name__}: {error}"}


task = json.load(sys.stdin)
# The client itself prints there.
output, sys.stdout = sys.stdout, sys.stderr
with DaprClient(task["grpc"]) as dapr:
    kept = {}
    print(json.dumps([outcome(dapr, step, kept, task["operator"]) for step in task["steps"]]), file=output)
