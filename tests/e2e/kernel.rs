//! What the kernel may refuse: counting page faults, more mappings.
use daplet_tests::server::{Options, Server};
use daplet_tests::{missing, on_path, root};
use futures::future::join_all;
use std::process::Command;
use std::time::Duration;

/// A kernel that does not count page faults, as a preloaded library: nothing of a request reaches the next one, nor a snapshot.
#[tokio::test(flavor = "multi_thread")]
async fn restores_are_right_where_the_kernel_counts_no_faults() {
    let Some(compiler) = ["cc", "gcc", "clang", "clang-19"].into_iter().find(|name| on_path(name)) else {
        assert!(missing("the test without fault counters", &["a C compiler".to_owned()]));
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("nofaults.so");
    let source = root().join("tests/settings/nofaults.c");
    let made = Command::new(compiler).args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status().unwrap();
    assert!(made.success(), "{compiler} does not compile {}", source.display());
    let env = vec![("LD_PRELOAD".to_owned(), library.to_string_lossy().into_owned())];
    let data = || Some(folder.path().join("data"));
    let args = vec!["--workers=1".to_owned(), "--verify-restore".to_owned()];
    // Loaded in this mode: its snapshot is kept on disk.
    let leaky = "const large = new Uint8Array(3 << 20); large.fill(5, 1 << 20, 2 << 20); let calls = 0;
        export default { fetch(request) {
          const at = Number(new URL(request.url).searchParams.get('at'));
          const before = [large[at], large[(1 << 20) + 7], ++calls];
          large[at] = 1; large.fill(9, 1 << 20, 2 << 20);
          return before.join(' '); } }";
    let mut server = Server::with(Options { env, args: args.clone(), data: data(), ..Options::default() }).await;
    assert!(server.output().contains("does not count page faults"), "{}", server.output());
    server.deploy("leaky", leaky).await;
    for round in 0..300 {
        let at = (round % 40) * 4096 + (2 << 20);
        assert_eq!(server.get(&format!("/leaky?at={at}")).await.text(), "0 5 1", "round {round}");
    }
    server.signal("TERM");
    assert_eq!(server.exit_code(Duration::from_secs(60)).await, Some(0));
    // A usual server reads that snapshot.
    let server = Server::with(Options { args, data: data(), ..Options::default() }).await;
    for at in [2 << 20, (2 << 20) + 4096, (3 << 20) - 1] {
        assert_eq!(server.get(&format!("/leaky?at={at}")).await.text(), "0 5 1");
    }
}

/// Functions whose memory is scattered, on many slots of many workers: the process stays well below the kernel's limit.
#[tokio::test(flavor = "multi_thread")]
async fn mappings_stay_below_the_kernels_limit() {
    const FUNCTIONS: usize = 8;
    let args = vec!["--workers=16".to_owned(), "--log=error".to_owned()];
    let server = Server::with(Options { args, ..Options::default() }).await;
    for function in 0..FUNCTIONS {
        // Some 80 pages far from each other, each of which would be a mapping of its own.
        let source = format!(
            "const a = new Uint8Array(8 << 20); for (let i = 0; i < 80; i++) a[i * 24 * 4096 + {function}] = 1;
             export default {{ fetch: () => String(a[{function}]) }}"
        );
        server.deploy(&format!("scattered-{function}"), &source).await;
    }
    for _ in 0..12 {
        let calls = (0..FUNCTIONS * 250).map(|call| {
            let path = format!("/scattered-{}", call % FUNCTIONS);
            let server = &server;
            async move { assert_eq!(server.get(&path).await.text(), "1") }
        });
        join_all(calls).await;
    }
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", server.pid())).unwrap().lines().count();
    let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap().trim().parse::<usize>().unwrap();
    println!("{maps} mappings of {limit}");
    assert!(maps < limit * 4 / 5, "{maps} mappings of {limit}");
}
