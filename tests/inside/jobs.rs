//! Jobs: what a function schedules, what its module declares, what an outside client asks for.
use crate::server::{Options, Server};
use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use dapr::dapr::proto::runtime::v1::{DeleteJobRequest, GetJobRequest, Job, ScheduleJobRequest};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Schedules what it is sent, keeps what its jobs bring; the job `shaky` fails at first.
const WORKER: &str = r#"import { jobs, state } from "@daplet/sdk";
    export default {
      async fetch(request) {
        const url = new URL(request.url);
        const name = url.searchParams.get("name");
        switch (request.method) {
          case "PUT": {
            const overwrite = url.searchParams.has("overwrite");
            try { await jobs().schedule(name, await request.json(), { overwrite }); return } catch (e) {
              return new Response(e.message, { status: e.code === "ALREADY_EXISTS" ? 409 : 500 }) }
          }
          case "DELETE": await jobs().delete(name); return;
        }
        return name ? await jobs().get(name) : (await state().get("runs")) ?? [];
      },
      async job(event, env, ctx) {
        await state().update("runs", (runs) => [...(runs ?? []), { ...event, attempt: ctx.attempt }], { retries: 100 });
        if (event.name === "shaky" && ctx.attempt < 3) throw new Error("not yet");
      } };"#;

async fn schedule(server: &Server, name: &str, job: Value) -> reqwest::Response {
    let url = server.url(&format!("/worker?name={name}"));
    server.http.put(url).json(&job).send().await.unwrap()
}

/// The runs of a job, once there are enough of them.
async fn runs(server: &Server, name: &str, enough: usize) -> Vec<Value> {
    let start = Instant::now();
    loop {
        let all = server.get("/worker").await.json();
        let mut of = all.as_array().cloned().unwrap_or_default();
        of.retain(|run| run["name"] == name);
        if of.len() >= enough {
            return of;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{name}: {all}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_run_when_they_are_due() {
    let server = Server::start().await;
    server.deploy("worker", WORKER).await;
    assert_eq!(schedule(&server, "once", json!({"dueTime": "100ms", "data": {"n": 1}})).await.status(), 204);
    assert_eq!(schedule(&server, "often", json!({"schedule": "@every 100ms", "repeats": 3})).await.status(), 204);
    let shaky = json!({"dueTime": "1ms", "failurePolicy": {"constant": {"interval": "10ms", "maxRetries": 5}}});
    assert_eq!(schedule(&server, "shaky", shaky).await.status(), 204);
    let later = json!({"schedule": "0 0 0 1 1 *", "data": "new year"});
    assert_eq!(schedule(&server, "later", later.clone()).await.status(), 204);

    let once = runs(&server, "once", 1).await;
    assert_eq!((&once[0]["data"], &once[0]["attempt"]), (&json!({"n": 1}), &json!(1)));
    assert!(once[0]["scheduledTime"].as_str().is_some_and(|at| at.ends_with('Z')), "{once:?}");
    runs(&server, "often", 3).await;
    let attempts: Vec<Value> = runs(&server, "shaky", 3).await.iter().map(|run| run["attempt"].clone()).collect();
    assert_eq!(attempts, [json!(1), json!(2), json!(3)]);

    assert_eq!(server.get("/worker?name=later").await.json(), later);
    let taken = schedule(&server, "later", later.clone()).await;
    assert_eq!(taken.status(), 409, "a job is not replaced unasked");
    assert_eq!(schedule(&server, "later&overwrite", json!({"dueTime": "1h"})).await.status(), 204);
    assert_eq!(server.get("/worker?name=later").await.json(), json!({"dueTime": "1h"}));
    assert_eq!(server.http.delete(server.url("/worker?name=later")).send().await.unwrap().status(), 204);
    assert_eq!(server.get("/worker?name=later").await.status, 204);
    // What has ended is gone, and has run no more often.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(runs(&server, "often", 3).await.len(), 3);
    for name in ["once", "often", "shaky"] {
        assert_eq!(server.get(&format!("/worker?name={name}")).await.status, 204, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_declares_schedules() {
    let server = Server::start().await;
    let declared = |list: &str| format!("export const schedules = {list};\n{WORKER}");
    server.deploy("worker", &declared(r#"[{ name: "tick", schedule: "@every 50ms", data: 1 }, "0 0 0 1 1 *"]"#)).await;
    assert_eq!(runs(&server, "tick", 2).await[0]["data"], 1);
    server.deploy("worker", &declared(r#"[{ name: "tock", schedule: "@every 50ms" }]"#)).await;
    runs(&server, "tock", 2).await;
    let ticks = runs(&server, "tick", 2).await.len();
    runs(&server, "tock", 8).await;
    assert!(runs(&server, "tick", 2).await.len() <= ticks + 1, "what is no longer declared runs on");
    for (list, why) in [
        (r#"["soon"]"#, "schedules[0]: schedule is"),
        (r#"[{ name: "a", schedule: "@daily" }, { name: "a", schedule: "@hourly" }]"#, "two jobs named"),
        (r#"[{ name: "a" }]"#, "schedule must be a string"),
        (r#"[{ schedule: "@daily", when: 1 }]"#, "unknown key"),
    ] {
        let answer = server.upload(&json!({"name": "wrong", "source": declared(list)})).await;
        assert_eq!(answer.status, 422, "{list}: {}", answer.text());
        assert!(answer.text().contains(why), "{list}: {}", answer.text());
    }
    let no_handler = "export const schedules = ['@daily']; export default () => 1";
    assert!(server.upload(&json!({"name": "wrong", "source": no_handler})).await.text().contains("job"));
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_clients_schedule_jobs_of_functions() {
    let server = Server::start().await;
    server.deploy("worker", WORKER).await;
    let url = |name: &str| format!("{}/v1.0/jobs/{name}", server.dapr);
    let put = async |name: &str, job: Value| server.http.post(url(name)).json(&job).send().await.unwrap().status();
    assert_eq!(put("worker.outside", json!({"dueTime": "1ms", "data": {"from": "outside"}})).await, 204);
    assert_eq!(runs(&server, "outside", 1).await[0]["data"], json!({"from": "outside"}));
    assert_eq!(put("worker.far", json!({"schedule": "@yearly"})).await, 204);
    assert_eq!(put("worker.far", json!({"schedule": "@yearly"})).await, 409);
    assert_eq!(put("worker.far", json!({"schedule": "@monthly", "overwrite": true})).await, 204);
    let found = server.http.get(url("worker.far")).send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(found, json!({"name": "worker.far", "schedule": "@monthly"}));
    assert_eq!(server.http.delete(url("worker.far")).send().await.unwrap().status(), 204);
    assert_eq!(server.http.get(url("worker.far")).send().await.unwrap().status(), 404);
    for (name, job) in [
        ("nobody.job", json!({"dueTime": "1s"})),
        ("worker", json!({"dueTime": "1s"})),
        ("worker.bad", json!({})),
        ("worker.bad", json!({"schedule": "soon"})),
        ("worker.bad", json!({"dueTime": "1s", "repeats": 0})),
        ("worker.bad", json!({"dueTime": "1s", "failurePolicy": {"constant": {"interval": "x"}}})),
    ] {
        assert_eq!(put(name, job.clone()).await, 400, "{name} {job}");
    }
}

/// Over gRPC a job's data is bytes; bytes that are JSON are JSON for the function.
#[tokio::test(flavor = "multi_thread")]
async fn outside_clients_schedule_jobs_by_grpc() {
    let server = Server::start().await;
    server.deploy("worker", WORKER).await;
    let mut client = DaprClient::connect(server.grpc.clone()).await.unwrap();
    let job = |name: &str, data: &[u8]| Job {
        name: name.to_owned(),
        due_time: Some("1ms".to_owned()),
        data: Some(prost_types::Any { type_url: String::new(), value: data.to_vec() }),
        ..Job::default()
    };
    for (name, data, seen) in [("json", r#"{"n":1}"#, json!({"n": 1})), ("text", "words", json!("words"))] {
        let job = Some(job(&format!("worker.{name}"), data.as_bytes()));
        client.schedule_job(ScheduleJobRequest { job, overwrite: false }).await.unwrap();
        assert_eq!(runs(&server, name, 1).await[0]["data"], seen);
    }
    let far =
        Job { schedule: Some("@yearly".to_owned()), due_time: Some("1h".to_owned()), ..job("worker.far", b"[1]") };
    let request = ScheduleJobRequest { job: Some(far), overwrite: false };
    client.schedule_job(request.clone()).await.unwrap();
    assert_eq!(client.schedule_job(request).await.unwrap_err().code(), tonic::Code::AlreadyExists);
    let name = "worker.far".to_owned();
    let found = client.get_job(GetJobRequest { name: name.clone() }).await.unwrap().into_inner().job.unwrap();
    assert_eq!((found.name.as_str(), found.schedule.as_deref()), ("worker.far", Some("@yearly")));
    client.delete_job(DeleteJobRequest { name: name.clone() }).await.unwrap();
    assert_eq!(client.get_job(GetJobRequest { name }).await.unwrap_err().code(), tonic::Code::NotFound);
    let nobody = ScheduleJobRequest { job: Some(job("nobody.far", b"")), overwrite: false };
    assert_eq!(client.schedule_job(nobody).await.unwrap_err().code(), tonic::Code::InvalidArgument);
}

/// Behind a sidecar its scheduler keeps the jobs, what modules declare included, and calls when one is due. Here the sidecar is
/// another server's embedded Dapr API.
#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_keeps_jobs_and_calls_when_they_are_due() {
    let sidecar = Server::start().await;
    sidecar.deploy("worker", "export default () => 'known, so that it may have jobs'").await;
    let port = sidecar.dapr.rsplit(':').next().unwrap().to_owned();
    let env = vec![("DAPR_HTTP_PORT".to_owned(), port)];
    let server = Server::with(Options { env, ..Options::default() }).await;
    let kept = async |name: &str| {
        let url = format!("{}/v1.0/jobs/worker.{name}", sidecar.dapr);
        sidecar.http.get(url).send().await.unwrap().json::<Value>().await.unwrap()["schedule"].clone()
    };
    let becomes = async |name: &str, schedule: Value| {
        let start = Instant::now();
        while kept(name).await != schedule {
            assert!(start.elapsed() < Duration::from_secs(30), "{name}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let declared = |list: &str| format!("export const schedules = {list};\n{WORKER}");
    server.deploy("worker", &declared(r#"[{ name: "tick", schedule: "@yearly" }, "@monthly"]"#)).await;
    becomes("tick", json!("@yearly")).await;
    becomes("@monthly", json!("@monthly")).await;
    server.deploy("worker", &declared(r#"[{ name: "tick", schedule: "@weekly" }]"#)).await;
    becomes("tick", json!("@weekly")).await;
    becomes("@monthly", Value::Null).await;

    let later = json!({"schedule": "@daily", "repeats": 3, "data": {"a": 1}});
    assert_eq!(schedule(&server, "later", later.clone()).await.status(), 204);
    assert_eq!(kept("later").await, "@daily");
    assert_eq!(schedule(&server, "later", later.clone()).await.status(), 409, "there is one");
    assert_eq!(server.get("/worker?name=later").await.json(), later);
    assert_eq!(server.http.delete(server.url("/worker?name=later")).send().await.unwrap().status(), 204);
    assert_eq!(server.get("/worker?name=later").await.status, 204);

    let due = async |name: &str, data: &'static str| {
        server.http.post(server.url(&format!("/job/{name}"))).body(data).send().await.unwrap().status()
    };
    assert_eq!(due("worker.tick", r#"{"n":7}"#).await, 200);
    assert_eq!(runs(&server, "tick", 1).await[0]["data"], json!({"n": 7}));
    assert_eq!(due("worker.shaky", "").await, 500, "what fails is tried again");
    assert_eq!(due("nobody.tick", "").await, 503, "a function may come back: never 404");
    assert_eq!(server.http.delete(server.url("/functions/worker")).send().await.unwrap().status(), 204);
    becomes("tick", Value::Null).await;
}

/// What Dapr's scheduler takes is taken, what it refuses is 400 and says why.
#[tokio::test(flavor = "multi_thread")]
async fn schedules_are_those_of_dapr_s_parser() {
    let server = Server::start().await;
    server.deploy("jobs", "export default { job() {} }").await;
    let schedule = async |schedule: &str| {
        let url = format!("{}/v1.0/jobs/jobs.zz", server.dapr);
        let body = json!({"schedule": schedule, "overwrite": true});
        let answer = server.http.post(url).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    for taken in
        ["@midnight", "@annually", "0/15 * * * * *", "0 0 0 ? JAN sun", "*/5 * * * *", "CRON_TZ=Asia/Tokyo 0 0 6 * * *"]
    {
        assert_eq!(schedule(taken).await.0, 204, "{taken}");
    }
    for refused in ["0 0 0 * * 7", "0 0 0 L * *", "0 0 0 * * 5#2", "@reboot", "0 0 0 * * fri-mon", "* * * * * * *"] {
        let (status, text) = schedule(refused).await;
        assert!(status == 400 && text.contains("schedule is"), "{refused}: {status} {text}");
    }
    let declared = r#"export const schedules = ["0 0 0 * * 7"]; export default { job() {} };"#;
    let refused = server.upload(&json!({"name": "declares", "source": declared})).await;
    assert!(refused.status == 422 && refused.text().contains("weekday"), "{}", refused.text());
}
