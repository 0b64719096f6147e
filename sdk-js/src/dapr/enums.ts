// The enums of `@dapr/dapr`, numbers and words as there.

export enum HttpMethod {
  GET = "get",
  DELETE = "delete",
  POST = "post",
  PUT = "put",
  PATCH = "patch",
}

export enum CommunicationProtocolEnum {
  GRPC = 0,
  HTTP = 1,
}

export enum StateConcurrencyEnum {
  CONCURRENCY_UNSPECIFIED = 0,
  CONCURRENCY_FIRST_WRITE = 1,
  CONCURRENCY_LAST_WRITE = 2,
}

export enum StateConsistencyEnum {
  CONSISTENCY_UNSPECIFIED = 0,
  CONSISTENCY_EVENTUAL = 1,
  CONSISTENCY_STRONG = 2,
}

export enum DaprPubSubStatusEnum {
  SUCCESS = "SUCCESS",
  RETRY = "RETRY",
  DROP = "DROP",
}

export enum LockStatus {
  Success = 0,
  LockDoesNotExist = 1,
  LockBelongsToOthers = 2,
  InternalError = 3,
}

export enum LogLevel {
  Error = 0,
  Warn = 1,
  Info = 2,
  Verbose = 3,
  Debug = 4,
}
