//! `GET /v1/audit/checkpoint`: the last signed head, for whoever wants to pin it.

use axum::{extract::State, http::header, response::IntoResponse};
use domain::{Feature, Permission};
use schemars::JsonSchema;
use web::{Access, Caller, Endpoint, Problem};

use crate::witnessed::{self, HeadChoice};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/audit/checkpoint", Access::Requires(Permission::AuditRead))
        .summary("Read the last signed checkpoint (C2SP tlog-checkpoint), with the lines of the witnesses that cosigned it")
        .with(Feature::AuditRead)
        .response::<SignedNote>()
        .gives(&["text/plain"])
        .problems(&["nothing-signed", "log-refused"]);

/// Origin, size and root of the log, and the lines of whoever signed them.
#[derive(JsonSchema)]
#[schemars(
    transparent,
    example = &"control.example/log/ten_01fwhe4ydgfk1shh6w1g60eecf\n7\nn4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=\n\n— control.example/log/ten_01fwhe4ydgfk1shh6w1g60eecf AAAAAAAAAAAAAAAA\n"
)]
#[expect(dead_code, reason = "described, never made")]
struct SignedNote(String);

pub(crate) async fn handle(
    State(state): State<crate::State>,
    caller: Caller,
) -> Result<impl IntoResponse, Problem> {
    let log = state.log(&caller.data).await?;
    let checkpoint = witnessed::head(&state, &log, HeadChoice::Newest).await?.head;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], checkpoint.note))
}
