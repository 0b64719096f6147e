//! Details of a failure in Dapr's form: a `google.rpc.Status` with an `ErrorInfo`, whose reason programs read, and a
//! `ResourceInfo`.
use prost::Message;
use std::collections::HashMap;
use tonic::{Code, Status};

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Whole {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// `google.rpc.ErrorInfo`.
#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(map = "string, string", tag = "3")]
    metadata: HashMap<String, String>,
}

/// `google.rpc.ResourceInfo`.
#[derive(Clone, PartialEq, Message)]
struct ResourceInfo {
    #[prost(string, tag = "1")]
    resource_type: String,
    #[prost(string, tag = "2")]
    resource_name: String,
    #[prost(string, tag = "3")]
    owner: String,
    #[prost(string, tag = "4")]
    description: String,
}

fn any(name: &str, message: &impl Message) -> prost_types::Any {
    prost_types::Any { type_url: format!("type.googleapis.com/google.rpc.{name}"), value: message.encode_to_vec() }
}

/// A failure with Dapr's reason for it; `resource` is what it is about, as its kind and name.
pub fn rich(code: Code, message: impl Into<String>, reason: &str, (kind, name): (&str, &str)) -> Status {
    let message = message.into();
    let info = ErrorInfo { reason: reason.to_owned(), domain: "dapr.io".to_owned(), metadata: HashMap::new() };
    let resource = ResourceInfo {
        resource_type: kind.to_owned(),
        resource_name: name.to_owned(),
        owner: String::new(),
        description: message.clone(),
    };
    let details = vec![any("ErrorInfo", &info), any("ResourceInfo", &resource)];
    let whole = Whole { code: code.into(), message: message.clone(), details };
    Status::with_details(code, message, whole.encode_to_vec().into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_program_reads_the_reason() {
        let status = rich(Code::InvalidArgument, "no", "DAPR_PUBSUB_MARSHAL_EVENTS", ("pubsub", "ps"));
        let whole = Whole::decode(status.details()).unwrap();
        assert_eq!((whole.code, whole.message.as_str(), status.message()), (3, "no", "no"));
        let info = ErrorInfo::decode(whole.details[0].value.as_slice()).unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("DAPR_PUBSUB_MARSHAL_EVENTS", "dapr.io"));
    }
}
