//! What has an engine of its own behind the sidecar: jobs, actors, workflows, language models.
use super::{Answer, DaprError, Sidecar, Trace, segment};
use bytes::Bytes;
use hyper::Method;

/// Type, id and the name of something that the actor has.
type OfActor<'a> = (&'a str, &'a str, &'a str);

fn of_actor(what: &str, (kind, id, name): OfActor<'_>) -> String {
    format!("/v1.0/actors/{}/{}/{what}/{}", segment(kind), segment(id), segment(name))
}

impl Sidecar {
    /// `POST /v1.0-alpha1/jobs/{name}`.
    pub async fn schedule_job(&self, name: &str, body: Vec<u8>, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.post(&format!("/v1.0-alpha1/jobs/{}", segment(name)), body, trace).await
    }

    /// `GET /v1.0-alpha1/jobs/{name}`.
    pub async fn job(&self, name: &str, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.expect(self.request(Method::GET, &format!("/v1.0-alpha1/jobs/{}", segment(name)), trace)).await
    }

    /// `DELETE /v1.0-alpha1/jobs/{name}`.
    pub async fn delete_job(&self, name: &str, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.expect(self.request(Method::DELETE, &format!("/v1.0-alpha1/jobs/{}", segment(name)), trace)).await
    }

    /// `PUT /v1.0/actors/{type}/{id}/method/{method}`.
    pub async fn call_actor(
        &self,
        kind: &str,
        id: &str,
        method: &str,
        body: Bytes,
        trace: Trace<'_>,
    ) -> Result<Answer, DaprError> {
        let path = format!("/v1.0/actors/{}/{}/method/{}", segment(kind), segment(id), segment(method));
        let request = self.request(Method::PUT, &path, trace).header("content-type", "application/json");
        self.expect(request.body(body)).await
    }

    /// `GET /v1.0/actors/{type}/{id}/state/{key}`: 204 when absent.
    pub async fn actor_state(&self, kind: &str, id: &str, key: &str, trace: Trace<'_>) -> Result<Answer, DaprError> {
        let path = format!("/v1.0/actors/{}/{}/state/{}", segment(kind), segment(id), segment(key));
        self.expect(self.request(Method::GET, &path, trace)).await
    }

    /// `POST /v1.0/actors/{type}/{id}/state`: a transaction.
    pub async fn save_actor_state(
        &self,
        kind: &str,
        id: &str,
        operations: Vec<u8>,
        trace: Trace<'_>,
    ) -> Result<(), DaprError> {
        self.post(&format!("/v1.0/actors/{}/{}/state", segment(kind), segment(id)), operations, trace).await.map(drop)
    }

    /// `POST /v1.0/actors/{type}/{id}/reminders/{name}`.
    pub async fn set_reminder(&self, at: OfActor<'_>, body: Vec<u8>, trace: Trace<'_>) -> Result<(), DaprError> {
        self.post(&of_actor("reminders", at), body, trace).await.map(drop)
    }

    /// `GET /v1.0/actors/{type}/{id}/reminders/{name}`.
    pub async fn reminder(&self, at: OfActor<'_>, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.expect(self.request(Method::GET, &of_actor("reminders", at), trace)).await
    }

    /// `DELETE /v1.0/actors/{type}/{id}/reminders/{name}`.
    pub async fn delete_reminder(&self, at: OfActor<'_>, trace: Trace<'_>) -> Result<(), DaprError> {
        self.expect(self.request(Method::DELETE, &of_actor("reminders", at), trace)).await.map(drop)
    }

    /// `POST /v1.0/actors/{type}/{id}/timers/{name}`.
    pub async fn set_timer(&self, at: OfActor<'_>, body: Vec<u8>, trace: Trace<'_>) -> Result<(), DaprError> {
        self.post(&of_actor("timers", at), body, trace).await.map(drop)
    }

    /// `DELETE /v1.0/actors/{type}/{id}/timers/{name}`.
    pub async fn delete_timer(&self, at: OfActor<'_>, trace: Trace<'_>) -> Result<(), DaprError> {
        self.expect(self.request(Method::DELETE, &of_actor("timers", at), trace)).await.map(drop)
    }

    /// `POST /v1.0/workflows/{component}/{name}/start`; an empty instance id lets the engine make one.
    pub async fn start_workflow(
        &self,
        component: &str,
        name: &str,
        instance: &str,
        input: Bytes,
        trace: Trace<'_>,
    ) -> Result<Answer, DaprError> {
        let path = format!("/v1.0/workflows/{}/{}/start", segment(component), segment(name));
        let mut request = self.request(Method::POST, &path, trace);
        if !instance.is_empty() {
            request = request.query(&[("instanceID", instance)]);
        }
        self.expect(request.header("content-type", "application/json").body(input)).await
    }

    /// `GET /v1.0/workflows/{component}/{instance}`.
    pub async fn workflow(&self, component: &str, instance: &str, trace: Trace<'_>) -> Result<Answer, DaprError> {
        let path = format!("/v1.0/workflows/{}/{}", segment(component), segment(instance));
        self.expect(self.request(Method::GET, &path, trace)).await
    }

    /// `POST /v1.0/workflows/{component}/{instance}/{verb}`, such as `pause` or `raiseEvent/{event}`.
    pub async fn steer_workflow(
        &self,
        component: &str,
        instance: &str,
        verb: &[&str],
        body: Bytes,
        trace: Trace<'_>,
    ) -> Result<Answer, DaprError> {
        let verb: Vec<String> = verb.iter().map(|part| segment(part).to_string()).collect();
        let path = format!("/v1.0/workflows/{}/{}/{}", segment(component), segment(instance), verb.join("/"));
        let request = self.request(Method::POST, &path, trace).header("content-type", "application/json");
        self.expect(request.body(body)).await
    }

    /// `POST /v1.0-alpha2/conversation/{component}/converse`.
    pub async fn converse(&self, component: &str, body: Bytes, trace: Trace<'_>) -> Result<Answer, DaprError> {
        let path = format!("/v1.0-alpha2/conversation/{}/converse", segment(component));
        let request = self.request(Method::POST, &path, trace).header("content-type", "application/json");
        self.expect(request.body(body)).await
    }
}
