export default { fetch() {
  const headers = new Headers([["set-cookie", "a=1; Path=/"], ["set-cookie", "b=2"]]);
  headers.append("x-many", "1"); headers.append("x-many", "2");
  return new Response(null, { status: 200, headers });
} };
