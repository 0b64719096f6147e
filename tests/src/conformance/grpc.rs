//! Steps by the crate `dapr`: its generated client, which its own wraps.
use super::{Etags, Step, Target, echoed};
use dapr::dapr::proto::common::v1::{
    Etag, HttpExtension, InvokeRequest, StateItem, StateOptions, http_extension::Verb, state_options::StateConcurrency,
};
use dapr::dapr::proto::runtime::v1 as proto;
use proto::dapr_client::DaprClient;
use serde_json::{Value, json};
use std::time::Duration;
use tonic::transport::Channel;
use tonic::{Code, Status};

fn failure(status: &Status) -> Value {
    let kind = match status.code() {
        Code::Aborted => "conflict",
        Code::InvalidArgument => "invalid",
        Code::NotFound => "missing",
        _ => "failed",
    };
    json!({"error": kind, "told": status.message()})
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| json!({"text": String::from_utf8_lossy(bytes)}))
}

fn item(etags: &Etags, given: &Value) -> StateItem {
    let first = given["firstWrite"] == true;
    let concurrency =
        if first { StateConcurrency::ConcurrencyFirstWrite } else { StateConcurrency::ConcurrencyUnspecified };
    let ttl = given["ttl"].as_str().map(|ttl| ("ttlInSeconds".to_owned(), ttl.to_owned()));
    StateItem {
        key: given["key"].as_str().unwrap_or_default().to_owned(),
        value: given.get("value").map_or_else(Vec::new, |value| value.to_string().into_bytes()),
        etag: etags.of(given).map(|value| Etag { value }),
        metadata: ttl.into_iter().collect(),
        options: first.then_some(StateOptions { concurrency: concurrency as i32, consistency: 0 }),
    }
}

pub async fn run(target: &Target, steps: &[Step]) -> Vec<Value> {
    let channel =
        Channel::from_shared(target.grpc.clone()).expect("an address").connect().await.expect("the API listens");
    let mut client = DaprClient::new(channel);
    let mut etags = Etags::default();
    let mut outcomes = Vec::new();
    for step in steps {
        let outcome = match step.what.as_str() {
            "watch" => watch(&mut client, step, target).await,
            _ => one(&mut client, step, &mut etags).await,
        };
        outcomes.push(outcome.unwrap_or_else(|status| failure(&status)));
    }
    outcomes
}

/// Opens a stream, publishes, and answers what comes.
async fn listen(client: &mut DaprClient<Channel>, step: &Step) -> Result<Value, Status> {
    use proto::subscribe_topic_events_request_alpha1::SubscribeTopicEventsRequestType as Out;
    use proto::subscribe_topic_events_response_alpha1::SubscribeTopicEventsResponseType as In;
    let (pubsub_name, topic) = (step.text("pubsub", "pubsub").to_owned(), step.text("topic", "").to_owned());
    let (sender, receiver) = futures::channel::mpsc::unbounded();
    let send = |message| {
        let message = proto::SubscribeTopicEventsRequestAlpha1 { subscribe_topic_events_request_type: Some(message) };
        sender.unbounded_send(message).map_err(|e| Status::internal(e.to_string()))
    };
    let (metadata, dead_letter_topic) = Default::default();
    send(Out::InitialRequest(proto::SubscribeTopicEventsRequestInitialAlpha1 {
        pubsub_name: pubsub_name.clone(),
        topic: topic.clone(),
        metadata,
        dead_letter_topic,
    }))?;
    let mut events = client.subscribe_topic_events_alpha1(receiver).await?.into_inner();
    events.message().await?;
    for data in step.list("messages").iter().filter_map(Value::as_str) {
        let (pubsub_name, topic, data) = (pubsub_name.clone(), topic.clone(), data.as_bytes().to_vec());
        let data_content_type = "text/plain".to_owned();
        let event = proto::PublishEventRequest { pubsub_name, topic, data, data_content_type, ..Default::default() };
        client.publish_event(event).await?;
    }
    let mut seen = Vec::new();
    for answer in step.list("answers").iter().filter_map(Value::as_str) {
        let message = events.message().await?.and_then(|message| message.subscribe_topic_events_response_type);
        let Some(In::EventMessage(event)) = message else { return Err(Status::internal("no event")) };
        seen.push(json!(String::from_utf8_lossy(&event.data)));
        let status = proto::topic_event_response::TopicEventResponseStatus::from_str_name(answer).map(|s| s as i32);
        let status = status.map(|status| proto::TopicEventResponse { status });
        send(Out::EventProcessed(proto::SubscribeTopicEventsRequestProcessedAlpha1 { id: event.id, status }))?;
    }
    drop(sender);
    while events.message().await.is_ok_and(|message| message.is_some()) {}
    Ok(Value::Array(seen))
}

/// Subscribes, has an item set, and takes the first change. Set again and again: a change that comes before the subscription is in
/// force is not told.
async fn watch(client: &mut DaprClient<Channel>, step: &Step, target: &Target) -> Result<Value, Status> {
    const TRIES: usize = 30;
    let store_name = step.text("store", "configstore").to_owned();
    let keys = step.list("keys").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let request = proto::SubscribeConfigurationRequest { store_name: store_name.clone(), keys, ..Default::default() };
    let mut changes = client.subscribe_configuration(request).await?.into_inner();
    let mut id = String::new();
    for _ in 0..TRIES {
        target.set(step).await;
        while let Ok(change) = tokio::time::timeout(Duration::from_millis(500), changes.message()).await {
            let change = change?.ok_or_else(|| Status::internal("the subscription ended"))?;
            id = change.id;
            if !change.items.is_empty() {
                let items = change.items.into_iter().map(|(key, item)| (key, json!(item.value)));
                let items = Value::Object(items.collect());
                client.unsubscribe_configuration(proto::UnsubscribeConfigurationRequest { store_name, id }).await?;
                return Ok(items);
            }
        }
    }
    Err(Status::internal(format!("no change was told to {id:?}")))
}

/// Reminders and timers.
async fn of_actor(client: &mut DaprClient<Channel>, step: &Step) -> Result<Value, Status> {
    let text = |name| step.text(name, "").to_owned();
    let (actor_type, actor_id, name) = (step.text("type", "Clock").to_owned(), text("id"), text("name"));
    let (due_time, period, ttl) = (text("dueTime"), text("period"), text("ttl"));
    match step.what.as_str() {
        "remind" => {
            let request = proto::RegisterActorReminderRequest {
                actor_type,
                actor_id,
                name,
                due_time,
                period,
                ttl,
                ..Default::default()
            };
            client.register_actor_reminder(request).await?;
        }
        "reminder" => {
            let request = proto::GetActorReminderRequest { actor_type, actor_id, name };
            let found = client.get_actor_reminder(request).await?.into_inner();
            return Ok(json!({"dueTime": found.due_time, "period": found.period}));
        }
        "forget" => {
            let request = proto::UnregisterActorReminderRequest { actor_type, actor_id, name };
            client.unregister_actor_reminder(request).await?;
        }
        "timer" => {
            let (callback, data) = (text("callback"), Vec::new());
            let request =
                proto::RegisterActorTimerRequest { actor_type, actor_id, name, due_time, period, callback, data, ttl };
            client.register_actor_timer(request).await?;
        }
        _ => {
            let request = proto::UnregisterActorTimerRequest { actor_type, actor_id, name };
            client.unregister_actor_timer(request).await?;
        }
    }
    Ok(json!("ok"))
}

async fn one(client: &mut DaprClient<Channel>, step: &Step, etags: &mut Etags) -> Result<Value, Status> {
    let (store_name, key) = (step.store().to_owned(), step.text("key", "").to_owned());
    match step.what.as_str() {
        "save" => {
            let states = step.list("items").iter().map(|given| item(etags, given)).collect();
            client.save_state(proto::SaveStateRequest { store_name, states }).await.map(|_| json!("ok"))
        }
        "get" => {
            let request = proto::GetStateRequest { store_name, key, ..Default::default() };
            let answer = client.get_state(request).await?.into_inner();
            etags.keep(step, &answer.etag);
            Ok(if answer.etag.is_empty() { json!("absent") } else { json!({"value": parsed(&answer.data)}) })
        }
        "bulk" => {
            let keys = step.list("keys").iter().filter_map(|key| key.as_str().map(str::to_owned)).collect();
            let request = proto::GetBulkStateRequest { store_name, keys, parallelism: 10, ..Default::default() };
            let row = |item: proto::BulkStateItem| match item.etag.is_empty() {
                true => json!([item.key]),
                false => json!([item.key, parsed(&item.data)]),
            };
            Ok(client.get_bulk_state(request).await?.into_inner().items.into_iter().map(row).collect())
        }
        "delete" => {
            let etag = etags.of(&Value::Object(step.arguments.clone())).map(|value| Etag { value });
            let request = proto::DeleteStateRequest { store_name, key, etag, ..Default::default() };
            client.delete_state(request).await.map(|_| json!("ok"))
        }
        "transaction" => {
            let operation = |pair: &Value| proto::TransactionalStateOperation {
                operation_type: pair[0].as_str().unwrap_or_default().to_owned(),
                request: Some(item(etags, &pair[1])),
            };
            let operations = step.list("operations").iter().map(operation).collect();
            let request = proto::ExecuteStateTransactionRequest { store_name, operations, ..Default::default() };
            client.execute_state_transaction(request).await.map(|_| json!("ok"))
        }
        "query" => {
            let query = step.arguments["query"].to_string();
            let request = proto::QueryStateRequest { store_name, query, ..Default::default() };
            let page = client.query_state_alpha1(request).await?.into_inner();
            let keys: Vec<String> = page.results.into_iter().map(|item| item.key).collect();
            Ok(json!({"keys": keys, "token": !page.token.is_empty()}))
        }
        "publish" => {
            let data = &step.arguments["data"];
            let request = proto::PublishEventRequest {
                pubsub_name: step.text("pubsub", "pubsub").to_owned(),
                topic: step.text("topic", "").to_owned(),
                data: data.as_str().map_or_else(|| data.to_string(), str::to_owned).into_bytes(),
                data_content_type: step.text("type", "").to_owned(),
                ..Default::default()
            };
            client.publish_event(request).await.map(|_| json!("ok"))
        }
        "listen" => listen(client, step).await,
        "invoke" => {
            let (method, query) = step.text("method", "").split_once('?').unwrap_or((step.text("method", ""), ""));
            let verb = Verb::from_str_name(step.text("http", "GET")).unwrap_or(Verb::Get);
            let body = step.arguments.get("body").map(ToString::to_string);
            let message = InvokeRequest {
                method: method.to_owned(),
                content_type: body.as_ref().map_or_else(String::new, |_| "application/json".to_owned()),
                data: body.map(|body| prost_types::Any { type_url: String::new(), value: body.into_bytes() }),
                http_extension: Some(HttpExtension { verb: verb as i32, querystring: query.to_owned() }),
            };
            let id = step.text("app", "daplet").to_owned();
            // Deprecated for new programs; what clients call all the same.
            #[allow(deprecated)]
            let answer = client.invoke_service(proto::InvokeServiceRequest { id, message: Some(message) }).await?;
            Ok(parsed(&answer.into_inner().data.unwrap_or_default().value))
        }
        "secret" => {
            let store_name = step.text("store", "secretstore").to_owned();
            let request = proto::GetSecretRequest { store_name, key, ..Default::default() };
            client.get_secret(request).await.map(|answer| json!(answer.into_inner().data))
        }
        "secrets" => {
            let store_name = step.text("store", "secretstore").to_owned();
            let answer =
                client.get_bulk_secret(proto::GetBulkSecretRequest { store_name, ..Default::default() }).await?;
            let secrets = answer.into_inner().data.into_iter().map(|(key, found)| (key, json!(found.secrets)));
            Ok(Value::Object(secrets.collect()))
        }
        "configuration" => {
            let store_name = step.text("store", "configstore").to_owned();
            let keys = step.list("keys").iter().filter_map(Value::as_str).map(str::to_owned).collect();
            let request = proto::GetConfigurationRequest { store_name, keys, ..Default::default() };
            let items = client.get_configuration(request).await?.into_inner().items;
            Ok(Value::Object(items.into_iter().map(|(key, item)| (key, json!(item.value))).collect()))
        }
        "binding" => {
            let metadata = step.arguments["metadata"].as_object().into_iter().flatten();
            let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
            let request = proto::InvokeBindingRequest {
                name: step.text("name", "").to_owned(),
                data: step.arguments["data"].to_string().into_bytes(),
                metadata: metadata.filter_map(text).collect(),
                operation: step.text("operation", "").to_owned(),
            };
            client.invoke_binding(request).await.map(|answer| echoed(&parsed(&answer.into_inner().data)))
        }
        "lock" => {
            let request = proto::TryLockRequest {
                store_name: step.text("store", "lockstore").to_owned(),
                resource_id: step.text("resource", "").to_owned(),
                lock_owner: step.text("owner", "").to_owned(),
                expiry_in_seconds: step.arguments["expiry"].as_i64().and_then(|s| s.try_into().ok()).unwrap_or(0),
            };
            client.try_lock_alpha1(request).await.map(|answer| json!(answer.into_inner().success))
        }
        "unlock" => {
            let request = proto::UnlockRequest {
                store_name: step.text("store", "lockstore").to_owned(),
                resource_id: step.text("resource", "").to_owned(),
                lock_owner: step.text("owner", "").to_owned(),
            };
            client.unlock_alpha1(request).await.map(|answer| json!(answer.into_inner().status))
        }
        "remind" | "reminder" | "forget" | "timer" | "untime" => of_actor(client, step).await,
        "metadata" => {
            let answer = client.get_metadata(proto::GetMetadataRequest {}).await?.into_inner();
            let mut components: Vec<Value> =
                answer.registered_components.iter().map(|c| json!([c.name, c.r#type])).collect();
            components.sort_by_key(Value::to_string);
            Ok(json!({"id": answer.id, "components": components}))
        }
        other => panic!("no such step: {other}"),
    }
}
