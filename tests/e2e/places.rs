//! Places that functions share are shared fairly: hundreds of slow jobs, reminders or messages of one function do not hold up another's.
use daplet_tests::server::Server;
use serde_json::json;
use std::time::Duration;

/// Hundreds of jobs, reminders and messages, each of which takes a quarter of a minute.
const HOG: &str = r#"import { Actor, actor, jobs, pubsub } from "@daplet/sdk";
    export const subscriptions = Array.from({ length: 20 }, (_, n) => ({ topic: `slow-${n}` }));
    const long = () => new Promise((done) => setTimeout(done, 15000));
    export class Hog extends Actor {
      async begin() { await this.reminders.set("r", { dueTime: "0s" }) }
      async receiveReminder() { await long() }
    }
    export default {
      async fetch(request) {
        const first = +new URL(request.url).searchParams.get("first");
        for (let n = first; n < first + 100; n++) {
          await jobs().schedule(`j${n}`, { dueTime: "0s" });
          await actor("Hog", `${n}`).begin();
          await pubsub().publish(`slow-${n % 20}`, n);
        }
      },
      async job() { await long() }, async message() { await long() } };"#;

/// Tells how long it waits for a job, a reminder and a message.
const VICTIM: &str = r#"import { Actor, actor, jobs, pubsub, state } from "@daplet/sdk";
    export const subscriptions = [{ topic: "quick" }];
    const came = (what) => state().update("late", (late) => ({ ...late, [what]: Date.now() }), { retries: 100 });
    export class Victim extends Actor {
      async begin() { await this.reminders.set("r", { dueTime: "0s" }) }
      async receiveReminder() { await came("reminder") }
    }
    export default {
      async fetch(request) {
        if (request.method === "GET") return await state().get("late");
        await state().put("late", { begun: Date.now() });
        await Promise.all([jobs().schedule("v", { dueTime: "0s" }, { overwrite: true }), actor("Victim", "v").begin(), pubsub().publish("quick", 1)]);
      },
      job: () => came("job"), message: () => came("message") };"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_function_with_hundreds_of_slow_events_holds_up_no_other() {
    let server = Server::start().await;
    server.deploy("victim", VICTIM).await;
    server.deploy_with(json!({"name": "hog", "source": HOG, "limits": {"cpuMs": 1000, "operations": 1000}})).await;
    for first in [0, 100, 200] {
        let answer = server.get(&format!("/hog?first={first}")).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
    }
    assert_eq!(server.post("/victim", "").await.status, 204);
    // The hog's own take 15 s each, and there are hundreds: what waited for one of them would not be there.
    let mut late = serde_json::Value::Null;
    for _ in 0..100 {
        late = server.get("/victim").await.json();
        if ["job", "reminder", "message"].iter().all(|what| late[what].is_i64()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for what in ["job", "reminder", "message"] {
        let ms = late[what].as_i64().map(|at| at - late["begun"].as_i64().unwrap());
        assert!(ms.is_some_and(|ms| ms < 5_000), "{what}: {ms:?} of {late}\n{}", server.output());
    }
}
