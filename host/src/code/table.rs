//! The table of codes: the only place that gives a failure its HTTP and gRPC status.
//!
//! docs/errors.md shows it; a test compares the two.
use super::{Blame, Grpc, Row};
use daplet_abi::{op, reply};

macro_rules! codes {
    ($(#[doc = $meaning:literal] $name:ident = $word:expr, $blame:ident, $http:literal, $grpc:ident;)*) => {
        /// Why something failed.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
            /// A word that this table does not have.
            Foreign(Box<str>),
        }

        /// Positions of the rows.
        enum Index { $($name,)* Foreign }

        impl Code {
            /// Every code that has a row of its own, in the table's order.
            pub const KNOWN: &[Code] = &[$(Code::$name,)*];
            /// How many values [`Code::index`] has.
            pub const COUNT: usize = Index::Foreign as usize + 1;

            /// The word in answers, logs and metrics.
            pub fn word(&self) -> &str {
                match self {
                    $(Code::$name => $word,)*
                    Code::Foreign(word) => word,
                }
            }

            /// Its position, for counters.
            pub fn index(&self) -> usize {
                let index = match self {
                    $(Code::$name => Index::$name,)*
                    Code::Foreign(_) => Index::Foreign,
                };
                index as usize
            }

            /// Its line of the table.
            pub fn row(&self) -> Row {
                match self {
                    $(Code::$name => Row {
                        blame: Blame::$blame,
                        http: $http,
                        grpc: Grpc::$grpc,
                        meaning: $meaning.trim_ascii(),
                    },)*
                    Code::Foreign(_) => Row {
                        blame: Blame::Host,
                        http: 500,
                        grpc: Grpc::Internal,
                        meaning: "A word of a sidecar or a component that this version does not know.",
                    },
                }
            }
        }
    };
}

codes! {
    /// The function threw, rejected or returned something that is not an answer.
    Exception = reply::codes::EXCEPTION, Function, 500, Unknown;
    /// The function used more CPU time than `cpuMs`.
    ExceededCpu = reply::codes::EXCEEDED_CPU, Function, 503, ResourceExhausted;
    /// The function needed more heap than `memoryMb`.
    ExceededMemory = reply::codes::EXCEEDED_MEMORY, Function, 503, ResourceExhausted;
    /// The function took more time on the clock than `wallMs`.
    ExceededWallTime = reply::codes::EXCEEDED_WALL_TIME, Function, 504, DeadlineExceeded;
    /// The function started more operations than `operations`.
    ExceededOperations = reply::codes::EXCEEDED_OPERATIONS, Function, 503, ResourceExhausted;
    /// The response is larger than `responseBytes`, or its headers are too large.
    ExceededResponse = reply::codes::EXCEEDED_RESPONSE, Function, 500, ResourceExhausted;
    /// The promise that the handler returned can never settle.
    NeverSettled = reply::codes::NEVER_SETTLED, Function, 500, Unknown;
    /// No function has that name, or it was removed while it ran.
    ScriptNotFound = reply::codes::SCRIPT_NOT_FOUND, Caller, 404, NotFound;
    /// The caller went away before the reply.
    Canceled = reply::codes::CANCELED, Caller, 499, Cancelled;
    /// Too many requests wait or run; the detail names the setting.
    LoadShed = reply::codes::LOAD_SHED, Caller, 503, Unavailable;
    /// The memory budget (`memory_budget_mb`) has no room for it now.
    MemoryBudget = crate::budget::CODE, Caller, 503, Unavailable;
    /// The server failed; its log has the reason.
    InternalError = reply::codes::INTERNAL_ERROR, Host, 500, Internal;

    /// The request is malformed; the detail says how.
    BadRequest = "badRequest", Caller, 400, InvalidArgument;
    /// The caller shows no token, or a wrong one.
    Unauthorized = "unauthorized", Caller, 401, Unauthenticated;
    /// The caller may not do that here.
    Forbidden = "forbidden", Caller, 403, PermissionDenied;
    /// A web page caused the request, and its origin is not in `--cors-origins`.
    ForeignOrigin = "foreignOrigin", Caller, 403, PermissionDenied;
    /// There is nothing at this path.
    NotFound = "notFound", Caller, 404, NotFound;
    /// The function has no handler for requests.
    NoHandler = "noHandler", Caller, 404, Unimplemented;
    /// No live function exports the actor type.
    ActorTypeNotFound = "actorTypeNotFound", Caller, 503, Unavailable;
    /// The actor has no method of that name.
    ActorMethodNotFound = "actorMethodNotFound", Caller, 404, Unimplemented;
    /// Too many calls wait for the actor's turn.
    ActorBusy = "actorBusy", Caller, 503, Unavailable;
    /// The path does not take this method.
    MethodNotAllowed = "methodNotAllowed", Caller, 405, Unimplemented;
    /// The request did not arrive in time, or came too slowly.
    RequestTimeout = "requestTimeout", Caller, 408, DeadlineExceeded;
    /// A function with actors of that type is live already.
    ActorTypeTaken = "actorTypeTaken", Caller, 409, AlreadyExists;
    /// Another function owns the actors of that type.
    ActorTypeOwned = "actorTypeOwned", Caller, 409, FailedPrecondition;
    /// `If-Match` or `If-None-Match` does not hold.
    PreconditionFailed = "preconditionFailed", Caller, 412, FailedPrecondition;
    /// A body or a source is larger than a setting allows.
    PayloadTooLarge = "payloadTooLarge", Caller, 413, ResourceExhausted;
    /// The request line is longer than `max_request_line_bytes`.
    UriTooLong = "uriTooLong", Caller, 414, ResourceExhausted;
    /// An upload has no content type of a function.
    UnsupportedMediaType = "unsupportedMediaType", Caller, 415, InvalidArgument;
    /// The server is not known by the name that was called.
    UnknownHost = "unknownHost", Caller, 421, PermissionDenied;
    /// The source does not parse, or imports what it may not.
    InvalidSource = "invalidSource", Caller, 422, InvalidArgument;
    /// The head is larger than `max_head_bytes`, or has more than 100 headers.
    HeadersTooLarge = "headersTooLarge", Caller, 431, ResourceExhausted;
    /// The functions are not loaded yet.
    RegistryNotLoaded = "registryNotLoaded", Host, 503, Unavailable;
    /// The shared registry lost its marker.
    RegistryLost = "registryLost", Host, 503, Unavailable;
    /// The function's record cannot be read.
    OutOfService = "outOfService", Host, 503, Unavailable;
    /// No process can check sources now.
    CheckerUnavailable = "checkerUnavailable", Host, 503, Unavailable;
    /// The server runs with `--safe-mode`.
    SafeMode = "safeMode", Host, 503, Unavailable;
    /// The disk of the data folder is full.
    DiskFull = "diskFull", Host, 507, ResourceExhausted;

    /// An operation was submitted while the module's top level ran.
    UnavailableDuringLoad = op::codes::UNAVAILABLE_DURING_LOAD, Function, 500, Internal;
    /// No building block serves that operation.
    UnknownOperation = op::codes::UNKNOWN_OPERATION, Function, 500, Internal;
    /// Arguments are missing or have the wrong shape.
    InvalidArgument = op::codes::INVALID_ARGUMENT, Caller, 400, InvalidArgument;
    /// The function has no grant for that.
    PermissionDenied = op::codes::PERMISSION_DENIED, Function, 403, PermissionDenied;
    /// The ETag does not match, or first-write found a value.
    EtagMismatch = op::codes::ETAG_MISMATCH, Caller, 409, Aborted;
    /// Something that a unit of work read has changed, and the unit was not committed.
    UnitConflict = op::codes::UNIT_CONFLICT, Caller, 500, Internal;
    /// The named store, broker or app does not exist.
    ComponentNotFound = op::codes::NOT_FOUND, Caller, 500, Internal;
    /// Another service did not answer, or only a sidecar has this.
    Unavailable = op::codes::UNAVAILABLE, Host, 500, Internal;
    /// There should be a Dapr sidecar, and it does not answer.
    SidecarUnavailable = op::codes::SIDECAR_UNAVAILABLE, Host, 503, Unavailable;
    /// The result is larger than the caller may take.
    ResultTooLarge = op::codes::RESULT_TOO_LARGE, Caller, 413, ResourceExhausted;
    /// A query needs more time (`query_ms`) or memory (`query_sort_mb`) than a setting allows.
    QueryTooLarge = op::codes::QUERY_TOO_LARGE, Caller, 413, ResourceExhausted;
    /// A quota has no room for more; the members name it.
    QuotaExceeded = op::codes::QUOTA_EXCEEDED, Caller, 507, ResourceExhausted;
    /// An operation failed in the server.
    OperationFailed = op::codes::INTERNAL, Host, 500, Internal;

    /// The function may not fetch from that host: its grants do not name it, or it is not at a public address.
    HostNotGranted = "HOST_NOT_GRANTED", Function, 403, PermissionDenied;
    /// A fetch names a port that the Fetch standard blocks.
    BadPort = "BAD_PORT", Function, 403, PermissionDenied;
    /// A fetched host was not found.
    HostNotFound = "ENOTFOUND", Host, 502, Unavailable;
    /// A fetched host refused the connection.
    ConnectionRefused = "ECONNREFUSED", Host, 502, Unavailable;
    /// The connection of a fetch broke before the whole response had come.
    ConnectionReset = "ECONNRESET", Host, 502, Unavailable;
    /// No way leads to a fetched host.
    HostUnreachable = "EHOSTUNREACH", Host, 502, Unavailable;
    /// A fetch took too long; the message says whether for the connection, the head or the body.
    TimedOut = "ETIMEDOUT", Host, 504, DeadlineExceeded;
    /// The certificate of a fetched host has expired.
    CertificateExpired = "CERT_HAS_EXPIRED", Host, 502, Unavailable;
    /// The certificate of a fetched host is not valid yet.
    CertificateNotYetValid = "CERT_NOT_YET_VALID", Host, 502, Unavailable;
    /// The certificate of a fetched host comes from an authority that is not among the roots.
    CertificateUntrusted = "CERT_UNKNOWN_ISSUER", Host, 502, Unavailable;
    /// The certificate of a fetched host is for other names.
    CertificateOfAnother = "CERT_NAME_MISMATCH", Host, 502, Unavailable;
    /// The certificate of a fetched host has another fault.
    CertificateInvalid = "CERT_INVALID", Host, 502, Unavailable;
    /// TLS with a fetched host failed for another reason than its certificate.
    TlsFailed = "TLS_FAILED", Host, 502, Unavailable;
    /// A fetched host does not answer by the rules of HTTP.
    BadHttp = "BAD_HTTP", Host, 502, Unavailable;
    /// A redirect of a fetch cannot be followed, or is not to be.
    BadRedirect = "BAD_REDIRECT", Host, 502, Unavailable;
    /// A fetch led to more than 20 redirects.
    TooManyRedirects = "TOO_MANY_REDIRECTS", Host, 502, Unavailable;
    /// The body of a fetched response is not what its `content-encoding` says.
    BadContentEncoding = "BAD_CONTENT_ENCODING", Host, 502, Unavailable;
    /// Too many connections or lookups of fetches are open (`fetch_connections`).
    TooManyConnections = "TOO_MANY_CONNECTIONS", Function, 503, ResourceExhausted;

    /// The request of Dapr's API is malformed.
    DaprBadRequest = "ERR_BAD_REQUEST", Caller, 400, InvalidArgument;
    /// The body of Dapr's API cannot be read as what it should be.
    MalformedRequest = "ERR_MALFORMED_REQUEST", Caller, 400, InvalidArgument;
    /// The body is larger than `max_body_bytes`.
    DaprRequestTooLarge = "ERR_REQUEST_TOO_LARGE", Caller, 413, ResourceExhausted;
    /// A request of Dapr's API failed for another reason.
    DaprInternal = "ERR_INTERNAL", Host, 500, Internal;
    /// No state store has that name.
    StateStoreNotFound = "ERR_STATE_STORE_NOT_FOUND", Caller, 400, InvalidArgument;
    /// A transaction has an operation that is neither `upsert` nor `delete`.
    NotSupportedStateOperation = "ERR_NOT_SUPPORTED_STATE_OPERATION", Caller, 400, InvalidArgument;
    /// Values could not be stored.
    StateSave = "ERR_STATE_SAVE", Host, 500, Internal;
    /// A value could not be read.
    StateGet = "ERR_STATE_GET", Host, 500, Internal;
    /// Several values could not be read.
    StateBulkGet = "ERR_STATE_BULK_GET", Host, 500, Internal;
    /// A value could not be deleted.
    StateDelete = "ERR_STATE_DELETE", Host, 500, Internal;
    /// A transaction was not committed.
    StateTransaction = "ERR_STATE_TRANSACTION", Host, 500, Internal;
    /// A query failed.
    StateQuery = "ERR_STATE_QUERY", Host, 500, Internal;
    /// No broker has that name.
    PubsubNotFound = "ERR_PUBSUB_NOT_FOUND", Caller, 404, InvalidArgument;
    /// The topic has no name.
    TopicNameEmpty = "ERR_TOPIC_NAME_EMPTY", Caller, 404, InvalidArgument;
    /// The app may not publish to that topic, or subscribe to it.
    PubsubForbidden = "ERR_PUBSUB_FORBIDDEN", Caller, 403, PermissionDenied;
    /// Metadata of a message cannot be read.
    PubsubRequestMetadata = "ERR_PUBSUB_REQUEST_METADATA", Caller, 400, InvalidArgument;
    /// A list of messages cannot be read.
    PubsubEventsSer = "ERR_PUBSUB_EVENTS_SER", Caller, 400, InvalidArgument;
    /// A message cannot be made a CloudEvent.
    PubsubCloudEventsSer = "ERR_PUBSUB_CLOUD_EVENTS_SER", Caller, 500, Internal;
    /// A message was not published.
    PubsubPublishMessage = "ERR_PUBSUB_PUBLISH_MESSAGE", Host, 500, Internal;
    /// An invocation of an app failed.
    DirectInvoke = "ERR_DIRECT_INVOKE", Caller, 500, Internal;
    /// No secret store has that name.
    SecretStoreNotFound = "ERR_SECRET_STORE_NOT_FOUND", Caller, 401, InvalidArgument;
    /// There is no secret store.
    SecretStoresNotConfigured = "ERR_SECRET_STORES_NOT_CONFIGURED", Caller, 500, Internal;
    /// A secret could not be read.
    SecretGet = "ERR_SECRET_GET", Host, 500, Internal;
    /// No configuration store has that name.
    ConfigurationStoreNotFound = "ERR_CONFIGURATION_STORE_NOT_FOUND", Caller, 400, InvalidArgument;
    /// There is no configuration store.
    ConfigurationStoreNotConfigured = "ERR_CONFIGURATION_STORE_NOT_CONFIGURED", Caller, 500, Internal;
    /// Configuration items could not be read.
    ConfigurationGet = "ERR_CONFIGURATION_GET", Host, 500, Internal;
    /// That subscription to configuration items does not exist.
    ConfigurationUnsubscribe = "ERR_CONFIGURATION_UNSUBSCRIBE", Caller, 500, Internal;
    /// Changes of configuration items are not sent by HTTP.
    AppChannelNil = "ERR_APP_CHANNEL_NIL", Caller, 500, Internal;
    /// No lock store has that name.
    LockStoreNotFound = "ERR_LOCK_STORE_NOT_FOUND", Caller, 400, InvalidArgument;
    /// There is no lock store.
    LockStoreNotConfigured = "ERR_LOCK_STORE_NOT_CONFIGURED", Caller, 500, Internal;
    /// A lock could not be taken.
    TryLock = "ERR_TRY_LOCK", Host, 500, Internal;
    /// A lock could not be released.
    Unlock = "ERR_UNLOCK", Host, 500, Internal;
    /// No provider of cryptography has that name.
    CryptoProviderNotFound = "ERR_CRYPTO_PROVIDER_NOT_FOUND", Caller, 400, InvalidArgument;
    /// A document could not be encrypted or decrypted.
    Crypto = "ERR_CRYPTO", Caller, 500, Internal;
    /// An output binding failed.
    InvokeOutputBinding = "ERR_INVOKE_OUTPUT_BINDING", Host, 500, Internal;
    /// A job of that name exists, and it may not be overwritten.
    JobAlreadyExists = op::codes::ALREADY_EXISTS, Caller, 409, AlreadyExists;
    /// A job could not be scheduled.
    SchedulerScheduleJob = "DAPR_SCHEDULER_SCHEDULE_JOB", Host, 500, Internal;
    /// A job could not be read.
    SchedulerGetJob = "DAPR_SCHEDULER_GET_JOB", Host, 500, Internal;
    /// A job could not be deleted.
    SchedulerDeleteJob = "DAPR_SCHEDULER_DELETE_JOB", Host, 500, Internal;
    /// There are no actors.
    ActorRuntimeNotFound = "ERR_ACTOR_RUNTIME_NOT_FOUND", Caller, 500, Internal;
    /// No function exports the actor type.
    ActorInstanceMissing = "ERR_ACTOR_INSTANCE_MISSING", Caller, 400, Internal;
    /// No function exports the type of the actor that was called.
    ActorNoAddress = "ERR_ACTOR_NO_ADDRESS", Caller, 404, FailedPrecondition;
    /// A call of an actor failed.
    ActorInvokeMethod = "ERR_ACTOR_INVOKE_METHOD", Function, 500, Internal;
    /// An actor's turn called the actor itself.
    ActorReentrant = op::codes::ACTOR_REENTRANT, Function, 500, Internal;
    /// No state store is for actors.
    ActorStateStoreNotConfigured = "ERR_ACTOR_STATE_STORE_NOT_CONFIGURED", Host, 500, Internal;
    /// An actor's state could not be read.
    ActorStateGet = "ERR_ACTOR_STATE_GET", Host, 500, Internal;
    /// An actor's state could not be stored.
    ActorStateTransactionSave = "ERR_ACTOR_STATE_TRANSACTION_SAVE", Host, 500, Internal;
    /// Reminders are only for actor types that a function exports.
    ActorReminderNonHosted = "ERR_ACTOR_REMINDER_NON_HOSTED", Caller, 403, PermissionDenied;
    /// The actor has no reminder of that name.
    ActorReminderNotFound = "ERR_ACTOR_REMINDER_NOT_FOUND", Caller, 404, NotFound;
    /// The actor has a reminder of that name, and it may not be overwritten.
    ActorReminderAlreadyExists = "ERR_ACTOR_REMINDER_ALREADY_EXISTS", Caller, 409, AlreadyExists;
    /// A reminder could not be stored.
    ActorReminderCreate = "ERR_ACTOR_REMINDER_CREATE", Host, 500, Internal;
    /// A reminder could not be read.
    ActorReminderGet = "ERR_ACTOR_REMINDER_GET", Host, 500, Internal;
    /// A reminder could not be deleted.
    ActorReminderDelete = "ERR_ACTOR_REMINDER_DELETE", Host, 500, Internal;
    /// A timer could not be started.
    ActorTimerCreate = "ERR_ACTOR_TIMER_CREATE", Caller, 500, Internal;
    /// There is no room for more metadata.
    MetadataSet = "ERR_METADATA_SET", Caller, 507, ResourceExhausted;
}
