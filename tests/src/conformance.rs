//! The contract with the Azure Functions host, asked of an app's own program from outside: nothing but its port, its output and its exit code.
//!
//! Each question has the number that it has in the project's checklist for custom handlers (A1 to A24; A25, static linking, is asked of packages).
//! Not here: what no request can bring about, such as a panic (A5) or work that lasts (A16); `host`'s own tests do. That nothing acknowledged is
//! lost by a kill (A17) is asked of the whole system (`standalone/tests/crash.rs`).

mod doors;
mod ending;
mod envelopes;
mod listening;
mod logging;
mod process;
mod starting;
mod subject;

pub use doors::*;
pub use ending::*;
pub use envelopes::*;
pub use logging::*;
pub use starting::*;
pub use subject::Subject;

/// Asks every question of one app: `conformance!(auth::Auth, env!("CARGO_BIN_EXE_auth"))` in a test file of its package.
#[macro_export]
macro_rules! conformance {
    ($app:ty, $program:expr) => {
        $crate::conformance! { $app, $program,
            a01_a_missing_or_impossible_port_is_said_by_name
            a01_it_listens_at_its_port_of_loopback_alone
            a02_it_is_ready_at_once_without_a_question_to_anybody
            a03_it_is_not_bound_before_it_is_ready
            a04_a_port_in_use_is_said_as_the_host_looks_for_it
            a05_nothing_that_is_sent_ends_it
            a06_an_envelope_in_chunks_has_no_length_and_is_read
            a07_unknown_members_and_missing_metadata_change_nothing
            a08_an_envelope_may_have_100_mib_and_not_more
            a08_a_public_body_has_a_lower_limit
            a09_inputs_are_decoded_by_the_kind_of_their_trigger
            a10_a_success_is_200_with_a_json_object
            a11_a_failure_is_logged_with_its_invocation
            a12_no_output_can_be_taken_for_base64
            a13_the_last_invocation_id_counts
            a14_metadata_is_never_believed
            a15_one_input_many_times_at_once_is_taken_once
            a17_after_a_kill_it_goes_on_with_what_it_left
            a18_a_wish_to_end_lets_what_was_begun_finish
            a19_a_trigger_answers_at_its_exact_path_alone
            a19_an_endpoint_answers_under_api_and_its_app_alone
            a20_secrets_are_never_logged
            a21_each_log_line_is_one_json_object_on_stdout
            a22_its_triggers_are_its_function_folders
            a23_what_forwarding_and_envelopes_lose_is_refused
            a24_it_needs_nothing_but_the_hosts_variables_and_its_settings
        }
    };
    ($app:ty, $program:expr, $($question:ident)*) => { $(
        #[test]
        fn $question() {
            $crate::conformance::$question(&$crate::conformance::Subject::of::<$app>($program));
        }
    )* };
}
