export default (request) => "x".repeat(Number(new URL(request.url).searchParams.get("n")));
