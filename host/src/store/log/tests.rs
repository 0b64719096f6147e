//! The log: who gets a message, what a restart keeps, and what quotas refuse.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::quotas::Quotas;

fn quota(function: u64, total: u64) -> Quota {
    let mut quota = Quotas::default().messages;
    (quota.function, quota.total) = (function, total);
    quota
}

struct Opened(Log, #[allow(dead_code)] tempfile::TempDir);

fn open(quota: Quota) -> Opened {
    let folder = tempfile::tempdir().unwrap();
    Opened(Log::new(Store::open(&folder.path().join("s.redb"), 1 << 20).unwrap(), quota), folder)
}

/// The numbers of the messages that wait for a subscriber; their count must agree.
fn waiting(log: &Log, topic: &str, subscriber: &str) -> Vec<u64> {
    let numbers: Vec<u64> =
        log.waiting(topic, subscriber, 0, 100).unwrap().iter().map(|message| message.number).collect();
    let backlogs = log.backlogs().unwrap();
    let counted = backlogs.iter().find(|backlog| (&*backlog.topic, &*backlog.subscriber) == (topic, subscriber));
    assert_eq!(counted.map_or(0, |backlog| backlog.messages), numbers.len() as u64, "{topic} {subscriber}");
    numbers
}

#[tokio::test]
async fn a_message_is_kept_until_its_last_subscriber_ends_it() {
    let Opened(log, _folder) = open(quota(u64::MAX, u64::MAX));
    for subscriber in ["a", "b"] {
        log.subscribe("t", subscriber).await.unwrap();
    }
    log.publish("t", vec![b"one".to_vec(), b"two".to_vec()]).await.unwrap();
    log.publish("nobody", vec![b"gone".to_vec()]).await.unwrap();
    assert_eq!((waiting(&log, "t", "a"), waiting(&log, "nobody", "a")), (vec![0, 1], vec![]));
    log.end("t", "a", 0, None).await.unwrap();
    assert_eq!((waiting(&log, "t", "a"), waiting(&log, "t", "b")), (vec![1], vec![0, 1]));
    log.end("t", "b", 1, None).await.unwrap();
    log.end("t", "b", 1, None).await.unwrap();
    log.unsubscribe("t", "b").await.unwrap();
    log.end("t", "a", 1, None).await.unwrap();
    let read = log.store.read().unwrap();
    assert!(read.open_table(MESSAGES).unwrap().iter().unwrap().next().is_none());
    assert!(read.open_table(USED).unwrap().iter().unwrap().next().is_none());
    assert!(read.open_table(BACKLOGS).unwrap().iter().unwrap().next().is_none());
}

/// A log of a release that did not count messages.
#[tokio::test]
async fn messages_are_counted_when_a_log_is_first_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    let open = || Log::new(Store::open(&path, 1 << 20).unwrap(), quota(u64::MAX, u64::MAX));
    let log = open();
    log.subscribe("t", "f").await.unwrap();
    log.publish("t", vec![b"one".to_vec(), b"two".to_vec()]).await.unwrap();
    drop(log);
    let database = loop {
        match redb::Database::open(&path) {
            Ok(database) => break database,
            // The writer of the log ends a moment later.
            Err(redb::DatabaseError::DatabaseAlreadyOpen) => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    };
    let write = database.begin_write().unwrap();
    assert!(write.delete_table(BACKLOGS).unwrap());
    write.commit().unwrap();
    drop(database);
    assert_eq!(waiting(&open(), "t", "f"), [0, 1]);
}

/// A subscriber that never finishes a message fills only its own quota; other subscribers still get theirs, and a
/// publisher is refused only if no subscriber has room.
#[tokio::test]
async fn a_subscriber_keeps_at_most_its_quota() {
    let Opened(log, _folder) = open(quota(10, 1_000));
    for (topic, subscriber) in [("t", "stuck"), ("t", "quick"), ("alone", "stuck")] {
        log.subscribe(topic, subscriber).await.unwrap();
    }
    for number in 0..20 {
        log.publish("t", vec![b"four".to_vec()]).await.unwrap();
        log.end("t", "quick", number, None).await.unwrap();
    }
    assert_eq!((waiting(&log, "t", "stuck"), waiting(&log, "t", "quick")), (vec![0, 1], vec![]));
    let refused = log.publish("alone", vec![b"four".to_vec()]).await;
    let Err(StoreError::Quota(exceeded)) = refused else { panic!("{refused:?}") };
    assert_eq!((exceeded.function.as_deref(), exceeded.limit, exceeded.actual), (Some("stuck"), 10, 12));
    log.publish("alone", vec![b"no".to_vec()]).await.unwrap();
    log.end("t", "stuck", 0, None).await.unwrap();
    log.publish("alone", vec![b"four".to_vec()]).await.unwrap();
}

#[tokio::test]
async fn all_together_keep_at_most_the_total() {
    let Opened(log, _folder) = open(quota(10, 15));
    for subscriber in ["a", "b"] {
        log.subscribe(subscriber, subscriber).await.unwrap();
        let _second_is_refused = log.publish(subscriber, vec![vec![0; 8]]).await;
    }
    assert_eq!((waiting(&log, "a", "a").len(), waiting(&log, "b", "b").len()), (1, 0));
    let refused = log.publish("b", vec![vec![0; 8]]).await;
    assert!(matches!(&refused, Err(StoreError::Quota(e)) if e.function.is_none() && e.limit == 15), "{refused:?}");
}

#[tokio::test]
async fn dead_letters_are_kept_until_somebody_subscribes() {
    let Opened(log, _folder) = open(quota(10, 1_000));
    log.subscribe("t", "f").await.unwrap();
    for expected in [DeadLetter::Stored, DeadLetter::Stored] {
        log.publish("t", vec![b"dead".to_vec()]).await.unwrap();
        let number = waiting(&log, "t", "f")[0];
        assert_eq!(log.end("t", "f", number, Some(("dead".to_owned(), b"dead".to_vec()))).await.unwrap(), expected);
    }
    log.publish("t", vec![b"dead".to_vec()]).await.unwrap();
    let refused = log.end("t", "f", 2, Some(("dead".to_owned(), b"dead".to_vec()))).await.unwrap();
    assert!(matches!(&refused, DeadLetter::Refused(e) if e.function.as_deref() == Some("~f")), "{refused:?}");
    assert_eq!(log.owners_of_dead_letters().unwrap(), ["f"]);
    // A stream may end at any moment.
    let stream = Log::stream_subscriber();
    log.subscribe("dead", &stream).await.unwrap();
    assert!(waiting(&log, "dead", &stream).is_empty());
    log.unsubscribe("dead", &stream).await.unwrap();
    log.subscribe("dead", "undertaker").await.unwrap();
    assert_eq!(waiting(&log, "dead", "undertaker"), [0, 1]);
    assert!(log.owners_of_dead_letters().unwrap().is_empty());
    log.publish("t", vec![b"dead".to_vec()]).await.unwrap();
    let published = log.end("t", "f", 3, Some(("dead".to_owned(), b"2".to_vec()))).await.unwrap();
    assert_eq!((published, waiting(&log, "dead", "undertaker")), (DeadLetter::Published, vec![0, 1, 2]));
}

#[tokio::test]
async fn dead_letters_of_a_function_that_is_gone_go_too() {
    let Opened(log, _folder) = open(quota(10, 1_000));
    log.subscribe("t", "f").await.unwrap();
    log.publish("t", vec![b"dead".to_vec()]).await.unwrap();
    log.end("t", "f", 0, Some(("dead".to_owned(), b"dead".to_vec()))).await.unwrap();
    log.forget_dead_letters("f").await.unwrap();
    log.subscribe("dead", "late").await.unwrap();
    assert!(waiting(&log, "dead", "late").is_empty() && log.owners_of_dead_letters().unwrap().is_empty());
}

/// Tables as releases had them that moved a cursor.
#[tokio::test]
async fn logs_of_earlier_releases_are_taken_over() {
    const ENDED: TableDefinition<(&str, &str, u64), ()> = TableDefinition::new("ended");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    let earlier = redb::Database::create(&path).unwrap();
    let write = earlier.begin_write().unwrap();
    for number in 0..4 {
        write.open_table(MESSAGES).unwrap().insert(("t", number), b"old".as_slice()).unwrap();
    }
    write.open_table(NEXT).unwrap().insert("t", 4).unwrap();
    write.open_table(CURSORS).unwrap().insert(("t", "f"), 1).unwrap();
    write.open_table(ENDED).unwrap().insert(("t", "f", 2), ()).unwrap();
    write.commit().unwrap();
    drop(earlier);
    let log = Log::new(Store::open(&path, 1 << 20).unwrap(), quota(8, 100));
    assert_eq!(waiting(&log, "t", "f"), [1, 3]);
    let refused = log.publish("t", vec![b"new".to_vec()]).await;
    assert!(matches!(&refused, Err(StoreError::Quota(e)) if e.actual == 9), "{refused:?}");
    log.end("t", "f", 1, None).await.unwrap();
    log.publish("t", vec![b"new".to_vec()]).await.unwrap();
    assert_eq!(waiting(&log, "t", "f"), [3, 4]);
}
