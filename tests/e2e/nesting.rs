//! Sources that break parsers: what is nested or chained a hundred thousand times is refused or taken, and the server stays.
use daplet_tests::server::Server;

const TIMES: usize = 100_000;

/// Before, the part that is repeated, the middle, a part repeated as often, after.
type Shape = (&'static str, &'static str, &'static str, &'static str, &'static str);

const JAVASCRIPT: &[Shape] = &[
    ("export default ", "(", "1", ")", ""),
    ("export default ", "(", "", "", ""),
    ("export default ", "[", "1", "]", ""),
    ("export default ", "{a:", "1", "}", ""),
    ("export default ", "`${", "1", "}`", ""),
    ("export default ", "!", "1", "", ""),
    ("export default ", "typeof ", "1", "", ""),
    ("export default ", "1+", "1", "", ""),
    ("export default ", "2**", "1", "", ""),
    ("export default ", "1?1:", "1", "", ""),
    ("export default ", "a=>", "1", "", ""),
    ("export default ", "a=", "1", "", ""),
    ("export default ", "new ", "A", "", ""),
    ("export default ", "function(){return ", "1", "}", ""),
    ("export default ", "class{x=", "1", "}", ""),
    ("export default a", ".b", "", "", ""),
    ("export default a", ".b", "", "", " +"),
    ("export default a", "()", "", "", ""),
    ("export default a", "?.[0]", "", "", ""),
    ("export default a", "``", "", "", ""),
    ("export default a", "(function () {})", "", "", ""),
    ("", "{", "", "}", "export default 1"),
    ("", "for(;;)", "", "", ";"),
    ("", "do ", ";", "while(1);", ""),
    ("let ", "[", "a", "]", "=1"),
];

const TYPESCRIPT: &[Shape] = &[
    ("export default ", "<a>", "1", "", ""),
    ("export default 1", " as any", "", "", ""),
    ("export default a", "!", "", "", ""),
    ("export default a", "<b>()", "", "", ""),
    ("export default ", "(a?:", "b", ")=>1", ""),
    ("let x: A", "[]", "", "", ""),
    ("let x: a", ".a", "", "", ""),
    ("let x: ", "[", "1", "]", ""),
    ("let x: ", "A<", "B", ">", ""),
    ("let x: ", "()=>", "A", "", ""),
    ("let x: ", "keyof ", "A", "", ""),
    ("type X = ", "A extends B?C:", "D", "", ""),
    ("namespace a", ".a", "", "", " { let x = 1 }"),
    ("enum E { A } export default ", "1+", "1", "", ""),
    ("enum E { A } export default a", ".b", "", "", ""),
];

/// Their parsing takes time that grows with the square of the length, or faster.
const ENDLESS: &[Shape] = &[("export default ", "a<", "b", "", "")];

fn source((before, part, middle, other, after): &Shape) -> String {
    format!("{before}{}{middle}{}{after}", part.repeat(TIMES), other.repeat(TIMES))
}

#[tokio::test(flavor = "multi_thread")]
async fn nested_sources_do_no_harm() {
    let mut server = Server::start().await;
    server.deploy("healthy", "export default () => 'well'").await;
    let shapes = JAVASCRIPT.iter().map(|shape| ("javascript", shape));
    let shapes = shapes.chain(TYPESCRIPT.iter().chain(ENDLESS).map(|shape| ("typescript", shape)));
    for (language, shape) in shapes {
        let upload = format!("nested&dryRun=1&language={language}");
        let answer = server.upload_as("text/javascript", &upload, source(shape)).await;
        assert!(matches!(answer.status, 200 | 422), "{shape:?}: {} {:.300}", answer.status, answer.text());
        assert_eq!(server.get("/healthy").await.text(), "well", "after {shape:?}");
    }
    assert!(server.alive());
}

/// What is checked by a process of its own is checked as well.
#[tokio::test(flavor = "multi_thread")]
async fn long_sources_are_checked_alike() {
    let server = Server::start().await;
    let long = "// a comment that makes the source long\n".repeat(1_000);
    server.deploy("long", &format!("{long}export default (x: unknown): string => 'typed';")).await;
    assert_eq!(server.get("/long").await.text(), "typed");
    let upload = |name, source: String| server.upload_as("text/javascript", name, source);
    let answer = upload("wrong", format!("{long}export default 1 +;")).await;
    assert_eq!((answer.status, &answer.json()["line"]), (422, &1_001.into()), "{}", answer.text());
    // One that ends the checker is followed by one that does not.
    let answer = upload("nested", "[".repeat(TIMES)).await;
    assert_eq!((answer.status, answer.code()), (422, "invalidSource".to_owned()));
    server.deploy("long", &format!("{long}export default () => 'again';")).await;
    assert_eq!(server.get("/long").await.text(), "again");
}
