using Workerd = import "/workerd/workerd.capnp";

# One configuration for each workload; the command line names it.

const hello :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker", esModule = embed "../workloads/fetch/hello.js")],
    compatibilityDate = "2026-01-01",
  ))],
  sockets = [(name = "http", service = "main")],
);

const json :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker", esModule = embed "../workloads/fetch/json.js")],
    compatibilityDate = "2026-01-01",
  ))],
  sockets = [(name = "http", service = "main")],
);

const fib :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker", esModule = embed "../workloads/fetch/fib.js")],
    compatibilityDate = "2026-01-01",
  ))],
  sockets = [(name = "http", service = "main")],
);

const leak :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker", esModule = embed "../workloads/fetch/leak.js")],
    compatibilityDate = "2026-01-01",
  ))],
  sockets = [(name = "http", service = "main")],
);
