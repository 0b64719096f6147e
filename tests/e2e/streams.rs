//! What streams hold: memory of a body that is only passed on, and of many that are open.
use daplet_tests::load::rss_kb;
use daplet_tests::server::{Options, Server};
use futures::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A body that is only passed on never enters the function's heap, nor much of it the host's.
#[tokio::test(flavor = "multi_thread")]
async fn a_gibibyte_is_passed_on_in_little_memory() {
    const LENGTH: u64 = 1 << 30;
    let args = ["--max-body-bytes".to_owned(), LENGTH.to_string()].to_vec();
    let server = Server::with(Options { args, ..Options::default() }).await;
    server.deploy("pass", "export default (request) => new Response(request.body)").await;
    for warm in [1 << 20, 4 << 20] {
        assert_eq!(server.post("/pass", vec![b'x'; warm]).await.body.len(), warm);
    }
    let (pid, before) = (server.pid(), rss_kb(server.pid()));
    let stream = TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let head =
        format!("POST /pass HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {LENGTH}\r\n\r\n");
    let writes = async {
        writer.write_all(head.as_bytes()).await.unwrap();
        let part = vec![b'x'; 1 << 20];
        for _ in 0..LENGTH >> 20 {
            writer.write_all(&part).await.unwrap();
        }
    };
    let reads = async {
        let (mut part, mut read, mut most) = (vec![0; 1 << 18], 0_u64, before);
        loop {
            match reader.read(&mut part).await.unwrap() {
                0 => return (read, most),
                more => read += more as u64,
            }
            if read.trailing_zeros() > 20 || read % (64 << 20) < 1 << 18 {
                most = most.max(rss_kb(pid));
            }
        }
    };
    let ((), (read, most)) = tokio::join!(writes, reads);
    assert!((LENGTH..LENGTH + 1024).contains(&read), "{read} bytes came back");
    println!("1 GiB passed on: {} kB more resident", most - before);
    assert!(most < before + (32 << 10), "{} kB more resident", most - before);
}

/// A thousand open event streams wait without threads, each in the memory of an invocation that waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_event_streams_are_open_at_once() {
    const STREAMS: usize = 1_000;
    let server = Server::with(Options::default().high_limits()).await;
    let source = "export default () => new Response(new ReadableStream({
        start(controller) { controller.enqueue(new TextEncoder().encode('data: 1\\n\\n')); }
    }), { headers: { 'content-type': 'text/event-stream' } })";
    server.deploy("events", source).await;
    server.get("/livez").await;
    let threads = || std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap().count();
    let (before, tasks) = (rss_kb(server.pid()), threads());
    let open = join_all((0..STREAMS).map(|_| async {
        let mut answer = server.http.get(server.url("/events")).send().await.unwrap();
        assert_eq!(answer.chunk().await.unwrap().unwrap(), "data: 1\n\n");
        answer
    }));
    let open = open.await;
    let each = (rss_kb(server.pid()) - before) / STREAMS as u64;
    println!("{STREAMS} open event streams: {each} kB each");
    assert!(each < 256, "an open event stream holds {each} kB");
    assert!(threads() < tasks + 50, "{} threads, {tasks} before", threads());
    assert_eq!(server.get("/livez").await.status, 200);
    drop(open);
}
