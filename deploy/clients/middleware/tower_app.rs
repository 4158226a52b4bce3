//! hyper serves guarded paths, on one thread.
#[path = "../rust/bearerd.rs"]
mod bearerd;
#[path = "../rust/bearerd_tower.rs"]
mod bearerd_tower;

use bearerd::Bearerd;
use bearerd_tower::{Claims, Guard};
use hyper::{Body, Request, Response, Server, StatusCode};
use serde_json::json;
use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use tower::make::Shared;
use tower::{service_fn, ServiceBuilder, ServiceExt};

fn main() -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let daemon = Arc::new(Bearerd::new());
    let guard = |members| Guard { daemon: daemon.clone(), members };
    let guarded = |members| ServiceBuilder::new().layer(guard(members)).service_fn(subject);
    let (me, orders, delete) =
        (guarded(json!({})), guarded(json!({"scope": "orders:read"})), guarded(json!({"max_age": 300})));
    let app = service_fn(move |request: Request<Body>| {
        let service = match request.uri().path() {
            "/me" => Some(me.clone()),
            "/orders" => Some(orders.clone()),
            "/delete" => Some(delete.clone()),
            _ => None,
        };
        async move {
            match service {
                Some(service) => service.oneshot(request).await,
                None => Ok(status(StatusCode::NOT_FOUND)),
            }
        }
    });
    let server = Server::try_bind(&([127, 0, 0, 1], 0).into())?.serve(Shared::new(app));
    println!("{}", server.local_addr().port());
    Ok(server.await?)
}

async fn subject(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(match request.extensions().get() {
        Some(Claims(claims)) => Response::new(json!({"subject": claims.get("sub")}).to_string().into()),
        None => status(StatusCode::INTERNAL_SERVER_ERROR),
    })
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}
