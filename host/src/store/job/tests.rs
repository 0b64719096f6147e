//! Which jobs begin, in which order, and what quotas refuse.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::quotas::Quotas;

fn open(quota: Quota) -> (Jobs, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Jobs::new(Store::open(&folder.path().join("s.redb"), 1 << 20).unwrap(), quota), folder)
}

#[tokio::test]
async fn groups_take_turns() {
    let (jobs, _folder) = open(Quotas::unlimited().jobs);
    for (name, due) in [("a.1", 1), ("a.2", 1), ("a.3", 1), ("b.1", 5), ("ab.1", 4), ("c.1", 9)] {
        assert!(jobs.put(name.to_owned(), due, Vec::new(), false).await.unwrap());
    }
    let names = |claim: &mut dyn FnMut(&str) -> Claim<()>| {
        let (found, next) = jobs.due(5, claim).unwrap();
        (found.into_iter().map(|(job, ())| job.name).collect::<Vec<_>>(), next)
    };
    let all = names(&mut |_| Claim::Begins(()));
    assert_eq!(all, (["a.1", "ab.1", "b.1", "a.2", "a.3"].map(str::to_owned).to_vec(), Some(9)));
    let few = names(&mut |name| if name == "a.1" { Claim::Waits } else { Claim::Begins(()) });
    assert_eq!(few.0, ["a.2", "ab.1", "b.1", "a.3"]);
    let without = names(&mut |name| if name.starts_with("a.") { Claim::GroupWaits } else { Claim::Begins(()) });
    assert_eq!(without.0, ["ab.1", "b.1"]);
}

#[tokio::test]
async fn a_group_has_at_most_its_quota() {
    let mut quota = Quotas::default().jobs;
    (quota.function, quota.total) = (2, 3);
    let (jobs, _folder) = open(quota);
    let put = async |name: &str, size: usize| jobs.put(name.to_owned(), 1, vec![0; size], true).await;
    let refused = |put: Result<bool, StoreError>| match put {
        Err(StoreError::Quota(exceeded)) => (exceeded.function, exceeded.limit, exceeded.actual),
        other => panic!("{other:?}"),
    };
    put("a.1", 0).await.unwrap();
    put("a.2", 0).await.unwrap();
    put("a.2", 0).await.unwrap();
    assert_eq!(refused(put("a.3", 0).await), (Some("a".to_owned()), 2, 3));
    assert_eq!(refused(put("a.2", 20_000).await), (Some("a".to_owned()), 2, 3));
    put("b.1", 0).await.unwrap();
    assert_eq!(refused(put("c.1", 0).await), (None, 3, 4));
    jobs.remove("a.1".to_owned()).await.unwrap();
    put("c.1", 0).await.unwrap();
    jobs.remove_beginning("a.".to_owned()).await.unwrap();
    put("b.1", 20_000).await.unwrap();
}
