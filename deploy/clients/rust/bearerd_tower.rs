//! Guards tower's services, and so what hyper and axum serve: only a request with a good token goes through. One file to
//! copy, beside bearerd.rs; http (0.2 or 1), tower (0.4 or 0.5), serde_json, and tokio with its feature `rt`. A response's
//! body must be one that a `String` can become, such as hyper 0.14's `Body`, axum's since 0.7, and `Full<Bytes>`.
//!
//! ```ignore
//! let daemon = Arc::new(Bearerd::new()); // one for the program
//! let guard = |members| Guard { daemon: daemon.clone(), members };
//! ServiceBuilder::new().layer(guard(json!({}))).service_fn(me); // a good token
//! ServiceBuilder::new().layer(guard(json!({"scope": "orders:read"}))).service_fn(orders); // with a scope
//! ServiceBuilder::new().layer(guard(json!({"max_age": 300}))).service_fn(delete); // and a recent login (RFC 9470)
//!
//! async fn me(request: Request<Body>) -> Result<Response<Body>, Infallible> {
//!     let Some(Claims(claims)) = request.extensions().get() else { return not_guarded() };
//! ```
//!
//! While the daemon is asked, a thread of tokio's pool for blocking calls waits, and the runtime goes on.

use super::bearerd::{Bearerd, Verdict};
use http::header::{HeaderValue, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Request, Response, StatusCode};
use serde_json::{json, Map, Value};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::{Layer, Service};

/// What the token says, in the extensions of a request that was let through.
#[derive(Debug, Clone)]
pub struct Claims(pub Map<String, Value>);

/// The layer. Members: every one of a verify request, in an object.
#[derive(Clone)]
pub struct Guard {
    pub daemon: Arc<Bearerd>,
    pub members: Value,
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { guard: self.clone(), inner }
    }
}

/// A service behind a `Guard`.
#[derive(Clone)]
pub struct Guarded<S> {
    guard: Guard,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let Guard { daemon, members } = self.guard.clone();
        // The one that said it is ready is called, not its clone.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            // A field that is sent twice is one list (RFC 9110 section 5.3).
            let fields = request.headers().get_all(AUTHORIZATION).iter();
            let fields: Vec<_> = fields.map(|field| String::from_utf8_lossy(field.as_bytes())).collect();
            let authorization = fields.join(", ");
            let asked = tokio::task::spawn_blocking(move || daemon.verify(&authorization, members));
            match asked.await {
                Ok(Verdict::Good { claims, .. }) => {
                    request.extensions_mut().insert(Claims(claims));
                    inner.call(request).await
                }
                Ok(Verdict::Bad { status, code, www_authenticate, retry_after_ms }) => {
                    Ok(refusal(status, &code, www_authenticate, retry_after_ms))
                }
                // The runtime is shutting down.
                Err(_) => Ok(refusal(503, "unavailable", None, None)),
            }
        })
    }
}

fn refusal<R: From<String>>(status: u16, code: &str, challenge: Option<String>, wait_ms: Option<u64>) -> Response<R> {
    let mut response = Response::new(R::from(json!({"error": code}).to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(challenge) = challenge.and_then(|challenge| HeaderValue::try_from(challenge).ok()) {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    if let Some(wait_ms) = wait_ms {
        headers.insert(RETRY_AFTER, HeaderValue::from(wait_ms.div_ceil(1000)));
    }
    response
}
