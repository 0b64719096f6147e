//! Units of work: what many invocations do to the same keys is as if they had come one after the other.
use daplet_tests::server::Server;
use futures::future::join_all;
use serde_json::{Value, json};

/// A counter, a transfer between accounts, an answer that leaves first; `runs` would show a heap that is not pristine.
const BANK: &str = r#"import { state } from "@daplet/sdk";
    let runs = 0;
    export const subscriptions = ["counted"];
    export default {
      async fetch(request, env, ctx) {
        runs++;
        const { pathname, searchParams } = new URL(request.url);
        const number = (name) => Number(searchParams.get(name));
        switch (pathname.split("/")[1]) {
          case "count": {
            const n = await state().transaction(async (tx) => {
              const n = (await tx.get("n") ?? 0) + 1;
              tx.put("n", n);
              tx.publish("counted", { n });
              return n;
            });
            return { n, runs };
          }
          case "move": {
            const moved = await state().transaction(async (tx) => {
              const [from, to] = [await tx.get("a" + number("from")), await tx.get("a" + number("to"))];
              if (from < number("amount")) return false;
              tx.put("a" + number("from"), from - number("amount"));
              tx.put("a" + number("to"), to + number("amount"));
              return true;
            });
            return { moved, runs };
          }
          case "open": {
            for (let i = 0; i < number("accounts"); i++) await state().put("a" + i, 100);
            return {};
          }
          case "later": {
            ctx.waitUntil((async () => {
              await new Promise((done) => setTimeout(done, 50));
              await state().transaction(async (tx) => tx.put("later", (await tx.get("later") ?? 0) + 1));
            })());
            return {};
          }
          case "oncall": {
            // The classic: each may leave as long as the other stays.
            const me = searchParams.get("me"), other = me === "x" ? "y" : "x";
            const left = await state().transaction(async (tx) => {
              if ((await tx.get("off-" + other)) === true) return false;
              tx.put("off-" + me, true);
              return true;
            });
            return { left };
          }
          case "reset": {
            await state().transaction((tx) => { tx.put("off-x", false); tx.put("off-y", false); });
            return {};
          }
          default:
            return { value: await state().get(searchParams.get("key")) };
        }
      },
      async message(event) {
        await state().transaction(async (tx) => {
          const seen = await tx.get("seen") ?? [];
          if (!seen.includes(event.data.n)) tx.put("seen", [...seen, event.data.n]);
        });
      },
    }"#;

async fn value(server: &Server, key: &str) -> Value {
    server.get(&format!("/bank/get?key={key}")).await.json()["value"].clone()
}

/// 64 at once: none is lost, each sees a number of its own, each run begins on a pristine heap; each commit is published once.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_increments_lose_none() {
    increments(&Server::start().await).await;
}

/// The same behind any store.
pub async fn increments(server: &Server) {
    server.deploy("bank", BANK).await;
    let answers = join_all((0..64).map(|_| server.get("/bank/count"))).await;
    let mut seen: Vec<u64> = Vec::new();
    for answer in answers {
        let body = answer.json();
        assert_eq!((answer.status, &body["runs"]), (200, &json!(1)), "{body}");
        seen.push(body["n"].as_u64().unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, (1..=64).collect::<Vec<u64>>());
    assert_eq!(value(server, "n").await, 64);
    for _ in 0..400 {
        if value(server, "seen").await.as_array().is_some_and(|seen| seen.len() == 64) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("of 64 messages these arrived: {}", value(server, "seen").await);
}

/// Whatever order they come in, the sum of money stays, and no account is overdrawn.
#[tokio::test(flavor = "multi_thread")]
async fn transfers_keep_the_sum() {
    transfers(&Server::start().await).await;
}

/// The same behind any store whose transactions are whole.
pub async fn transfers(server: &Server) {
    const ACCOUNTS: usize = 5;
    server.deploy("bank", BANK).await;
    server.get(&format!("/bank/open?accounts={ACCOUNTS}")).await;
    let moves = (0..200).map(|i| {
        let (from, to, amount) = (i % ACCOUNTS, (i * 7 + 1 + i / 5) % ACCOUNTS, 5 + i * 13 % 90);
        let to = if to == from { (to + 1) % ACCOUNTS } else { to };
        let path = format!("/bank/move?from={from}&to={to}&amount={amount}");
        async move {
            let answer = server.get(&path).await;
            assert_eq!((answer.status, &answer.json()["runs"]), (200, &json!(1)), "{}", answer.text());
        }
    });
    join_all(moves).await;
    let mut sum = 0;
    for i in 0..ACCOUNTS {
        let balance = value(server, &format!("a{i}")).await.as_i64().unwrap();
        assert!(balance >= 0, "account {i} has {balance}");
        sum += balance;
    }
    assert_eq!(sum, 100 * ACCOUNTS as i64);
}

/// Two that read what the other writes: one of them must see the other (no write skew).
#[tokio::test(flavor = "multi_thread")]
async fn what_was_only_read_counts_too() {
    skew(&Server::start().await).await;
}

/// The same behind any store whose transactions are whole.
pub async fn skew(server: &Server) {
    server.deploy("bank", BANK).await;
    for _ in 0..30 {
        server.get("/bank/reset").await;
        let (x, y) = tokio::join!(server.get("/bank/oncall?me=x"), server.get("/bank/oncall?me=y"));
        let left = [x.json()["left"].clone(), y.json()["left"].clone()];
        assert!(left.contains(&json!(true)) && left.contains(&json!(false)), "{left:?}");
    }
}

/// An answer that has left cannot be taken back: only the work runs again.
#[tokio::test(flavor = "multi_thread")]
async fn after_the_answer_the_work_runs_again() {
    let server = Server::start().await;
    server.deploy("bank", BANK).await;
    join_all((0..16).map(|_| server.get("/bank/later"))).await;
    for _ in 0..400 {
        if value(&server, "later").await == 16 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("of 16 counted: {}", value(&server, "later").await);
}

/// A race that is always lost ends with a name, not with the server.
#[tokio::test(flavor = "multi_thread")]
async fn a_race_that_is_always_lost_is_named() {
    let server = Server::start().await;
    let source = r#"import { state } from "@daplet/sdk";
        export default async () => {
          try {
            await state().transaction(async (tx) => {
              await tx.get("k");
              await state().put("k", Math.random());
              tx.put("k", 1);
            });
          } catch (error) { return { name: error.name, code: error.code, reruns: error.details.reruns, key: error.details.key,
                                      message: error.message }; }
        }"#;
    server.deploy("loser", source).await;
    let answer = server.get("/loser").await.json();
    let named = json!([answer["name"], answer["code"], answer["reruns"], answer["key"]]);
    assert_eq!(named, json!(["EtagMismatchError", "UNIT_CONFLICT", 20, "k"]));
    let message = answer["message"].as_str().unwrap();
    assert!(["UNIT_CONFLICT", "\"k\"", "20 reruns"].iter().all(|part| message.contains(part)), "{message}");
}
