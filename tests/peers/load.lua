-- One run of wrk: GET, or POST of the file BODY. Prints one line that the driver reads.
local body = os.getenv("BODY")
if body then
  wrk.method = "POST"
  wrk.body = assert(io.open(body, "rb")):read("*a")
  wrk.headers["content-type"] = "application/json"
end

function done(summary, latency)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.status + e.timeout
  print(string.format("result %d %d %d %d %d", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), errors))
end
