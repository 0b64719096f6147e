//! Jobs: of HTTP's names, data and conditions.
use super::schedule::duration;
use super::{DeleteJob, FailurePolicy, GetJob, JobSpec, JobStore, ScheduleJob, check_name};
use crate::blocks::api;
use crate::blocks::grpc::{self, Methods, proto};
use crate::blocks::json::Json;
use crate::code::{Code, OpError};
use crate::dapr::value;
use ::dapr::dapr::proto::common::v1 as common;
use common::job_failure_policy::Policy;
use prost::Message;
use tonic::Status;

type Context = api::Context<dyn JobStore>;
type Call<Q> = grpc::Call<dyn JobStore, Q>;

/// Its methods.
pub fn methods(context: Context) -> Methods<dyn JobStore> {
    Methods::new(context)
        .unary("ScheduleJob", schedule)
        .unary("ScheduleJobAlpha1", schedule)
        .unary("GetJob", get)
        .unary("GetJobAlpha1", get)
        .unary("DeleteJob", delete)
        .unary("DeleteJobAlpha1", delete)
}

/// What a job's data is called that was scheduled by HTTP.
const JSON: &str = "type.googleapis.com/google.protobuf.Value";

fn failed(error: OpError) -> Status {
    match &error.code {
        Code::InvalidArgument => Status::invalid_argument(error.message),
        Code::QuotaExceeded => Status::resource_exhausted(error.message),
        Code::JobAlreadyExists => Status::already_exists(error.message),
        _ => Status::internal(error.message),
    }
}

async fn schedule(call: Call<proto::ScheduleJobRequest>) -> Result<proto::ScheduleJobResponse, Status> {
    let cx = call.caller();
    let job = call.message.job.ok_or_else(|| Status::invalid_argument("job is empty"))?;
    let exists = |function: &str| call.context.registry.get(function).is_some();
    check_name(&job.name, exists).map_err(Status::invalid_argument)?;
    let spec = JobSpec {
        schedule: job.schedule,
        due_time: job.due_time,
        repeats: job.repeats,
        ttl: job.ttl,
        data: job.data.map(data).transpose()?,
        failure_policy: job.failure_policy.and_then(|policy| policy.policy).map(policy),
    };
    let schedule = ScheduleJob { name: job.name, job: spec, overwrite: call.message.overwrite };
    let done = call.context.block.schedule(&cx, schedule).await;
    done.map(|()| proto::ScheduleJobResponse {}).map_err(failed)
}

fn data(any: prost_types::Any) -> Result<Json, Status> {
    if any.type_url == JSON {
        let value = prost_types::Value::decode(any.value.as_slice());
        let value = value.map_err(|e| Status::invalid_argument(format!("the job's data is no {JSON}: {e}")))?;
        return Ok(Json::of(&value::json(value.kind)));
    }
    Ok(Json::read(&any.value).unwrap_or_else(|| Json::of(&())))
}

/// A failure policy in the words of HTTP.
pub fn policy(policy: Policy) -> FailurePolicy {
    match policy {
        Policy::Drop(_) => FailurePolicy::Drop {},
        Policy::Constant(common::JobFailurePolicyConstant { interval, max_retries }) => {
            let text = |span: prost_types::Duration| {
                let ms = span.seconds.saturating_mul(1_000).saturating_add(i64::from(span.nanos / 1_000_000));
                format!("{ms}ms")
            };
            FailurePolicy::Constant { interval: interval.map(text), max_retries }
        }
    }
}

async fn get(call: Call<proto::GetJobRequest>) -> Result<proto::GetJobResponse, Status> {
    let cx = call.caller();
    let get = GetJob { name: call.message.name };
    let found = call.context.block.get(&cx, &get).await.map_err(failed)?;
    let GetJob { name } = get;
    let spec = found.ok_or_else(|| Status::not_found(format!("job {name} is not found")))?;
    let failure_policy = spec.failure_policy.map(|policy| {
        let policy = match policy {
            FailurePolicy::Drop {} => Policy::Drop(common::JobFailurePolicyDrop {}),
            FailurePolicy::Constant { interval, max_retries } => {
                let ms = interval.as_deref().and_then(|text| duration("", text).ok());
                let interval = ms.and_then(|ms| std::time::Duration::from_millis(ms).try_into().ok());
                Policy::Constant(common::JobFailurePolicyConstant { interval, max_retries })
            }
        };
        common::JobFailurePolicy { policy: Some(policy) }
    });
    let data = spec.data.map(|data| match value::is_exact(data.get()) {
        true => prost_types::Any { type_url: JSON.to_owned(), value: value::protobuf(data.value()).encode_to_vec() },
        // Protobuf's numbers would lose digits: the text itself.
        false => prost_types::Any { type_url: String::new(), value: data.get().as_bytes().to_vec() },
    });
    let job = proto::Job {
        name,
        schedule: spec.schedule,
        repeats: spec.repeats,
        due_time: spec.due_time,
        ttl: spec.ttl,
        data,
        failure_policy,
    };
    Ok(proto::GetJobResponse { job: Some(job) })
}

async fn delete(call: Call<proto::DeleteJobRequest>) -> Result<proto::DeleteJobResponse, Status> {
    let cx = call.caller();
    let done = call.context.block.delete(&cx, DeleteJob { name: call.message.name }).await;
    done.map(|()| proto::DeleteJobResponse {}).map_err(failed)
}
