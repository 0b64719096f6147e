// Generated from js-runtime/abi by scripts/generate-abi. Do not edit.

/** How an operation failed. */
export const enum OperationCode {
  /** An operation was submitted while the module's top level ran. */
  UnavailableDuringLoad = "UNAVAILABLE_DURING_LOAD",
  /** No capability serves that operation. */
  UnknownOperation = "UNKNOWN_OPERATION",
  /** Arguments are missing or of the wrong shape. */
  InvalidArgument = "INVALID_ARGUMENT",
  /** The function holds no grant for that. */
  PermissionDenied = "PERMISSION_DENIED",
  /** The ETag does not match, or first-write found a value. */
  EtagMismatch = "ETAG_MISMATCH",
  /**
   * Something that a unit of work read is no longer so, and the unit was not committed. Where the reply has not left,
   * the host runs the handler again; else, and when it has done so often enough, the guest hears of it.
   */
  UnitConflict = "UNIT_CONFLICT",
  /** The named store, broker or app does not exist. */
  NotFound = "NOT_FOUND",
  /** The sidecar or another service did not answer. */
  Unavailable = "UNAVAILABLE",
  /** There is to be a Dapr sidecar, and it does not answer. One word with what operators see (`/readyz`). */
  SidecarUnavailable = "sidecarUnavailable",
  /** The result is larger than the caller may take: half of the function's `memoryMb`. */
  ResultTooLarge = "RESULT_TOO_LARGE",
  /** The invocation has as many bodies open as it may (`open_resources`). */
  TooManyOpen = "TOO_MANY_OPEN",
  /** A query needs more of the host than a setting allows: time (`query_ms`), or memory to sort (`query_sort_mb`). */
  QueryTooLarge = "QUERY_TOO_LARGE",
  /** What was to be kept would exceed a quota; the details name it. One word with what HTTP answers. */
  QuotaExceeded = "quotaExceeded",
  /** A job of that name exists, and it may not be overwritten. */
  AlreadyExists = "ALREADY_EXISTS",
  /** An actor's turn called the actor itself. */
  ActorReentrant = "ACTOR_REENTRANT",
  /** A fault of the host. */
  Internal = "INTERNAL",
}

/** How an invocation failed. */
export const enum ReplyCode {
  /** The function threw, rejected or returned something that is no answer. */
  Exception = "exception",
  /** More CPU time than `cpuMs`. */
  ExceededCpu = "exceededCpu",
  /** More heap than `memoryMb`. */
  ExceededMemory = "exceededMemory",
  /** More time on the clock than `wallMs`. */
  ExceededWallTime = "exceededWallTime",
  /** More operations than `operations`. */
  ExceededOperations = "exceededOperations",
  /** A response larger than `responseBytes`. */
  ExceededResponse = "exceededResponse",
  /** The promise that the handler returned can never settle: nothing is left that could settle it. */
  NeverSettled = "neverSettled",
  /** No function of that name. */
  ScriptNotFound = "scriptNotFound",
  /** The caller went away. */
  Canceled = "canceled",
  /** Too many requests at once. */
  LoadShed = "loadShed",
  /** A fault of the host. */
  InternalError = "internalError",
}

/** `Symbol.for` this is where a bundled copy of the SDK finds that primitive on the global object. */
export const HOST_SYMBOL = "daplet.host";

/** `Symbol.for` this is the static method of the SDK's class `Actor` that runs one turn. */
export const ACTOR_SYMBOL = "daplet.actor";
