//! A bank in a function: units of work whose outcome can be checked, behind any store.
use crate::client::Client;
use futures::future::join_all;
use serde_json::{Value, json};

/// A counter, a transfer between accounts, an answer that leaves first; `runs` would show a heap that is not pristine.
pub const BANK: &str = r#"import { state } from "@daplet/sdk";
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

/// What the bank has under a key.
pub async fn value(server: &Client, key: &str) -> Value {
    server.get(&format!("/bank/get?key={key}")).await.json()["value"].clone()
}

/// 64 increments at once: none is lost, each sees a number of its own and a pristine heap, and each is published once.
pub async fn increments(server: &Client) {
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

/// Transfers at once: the sum of money stays, and no account is overdrawn. For stores whose transactions are whole.
pub async fn transfers(server: &Client) {
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

/// Of two that read what the other writes one must see the other. For stores whose transactions are whole.
pub async fn skew(server: &Client) {
    server.deploy("bank", BANK).await;
    for _ in 0..30 {
        server.get("/bank/reset").await;
        let (x, y) = tokio::join!(server.get("/bank/oncall?me=x"), server.get("/bank/oncall?me=y"));
        let left = [x.json()["left"].clone(), y.json()["left"].clone()];
        assert!(left.contains(&json!(true)) && left.contains(&json!(false)), "{left:?}");
    }
}
