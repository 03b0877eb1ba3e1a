//! Refresh rotation against a model: threats T30, T31 and T33.

use std::{collections::HashSet, sync::Arc};

use axum::http::StatusCode;
use tokio::task::JoinSet;

use super::world::{Answer, PASSWORD, World};

/// What a session is, in the fewest words: every token it ever gave out, the last of which counts.
struct Model {
    tokens: Vec<String>,
    rotated_at: i64,
    created_at: i64,
    is_dead: bool,
    /// When it was rotated of late.
    rotations: Vec<i64>,
}

/// What must come back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Expected {
    Successor,
    SameAgain,
    Refused,
    TooOften,
}

impl Model {
    fn new(token: &str, now: i64) -> Self {
        let rotations = Vec::new();
        Self {
            tokens: vec![token.to_owned()],
            rotated_at: now,
            created_at: now,
            is_dead: false,
            rotations,
        }
    }

    fn generation(&self) -> usize {
        self.tokens.len() - 1
    }

    fn expect(&mut self, presented: usize, now: i64) -> Expected {
        let is_over = now >= self.created_at + 7 * 86_400 || now >= self.rotated_at + 86_400;
        if self.is_dead || is_over {
            return Expected::Refused;
        }
        if presented == self.generation() {
            self.rotations.retain(|at| now - at < 60);
            if self.rotations.len() >= 30 {
                return Expected::TooOften;
            }
            self.rotations.push(now);
            self.rotated_at = now;
            return Expected::Successor;
        }
        if presented + 1 == self.generation() && now - self.rotated_at <= 10 {
            return Expected::SameAgain;
        }
        self.is_dead = true;
        Expected::Refused
    }
}

/// Numbers that look random and are the same every time (Marsaglia, Xorshift RNGs, 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// Many at once with one token: as many answers as there are requests, and one successor among them.
async fn at_once(world: &Arc<World>, token: &str, times: usize) -> Vec<Answer> {
    let mut running = JoinSet::new();
    for _ in 0..times {
        let (world, token) = (Arc::clone(world), token.to_owned());
        running.spawn(async move { world.refresh(&token).await });
    }
    running.join_all().await
}

fn successors(answers: &[Answer]) -> HashSet<String> {
    answers.iter().map(|answer| answer.text("refresh_token").to_owned()).collect()
}

/// Random tokens, alone and many at once, restarts and a clock that jumps, against the model.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_a_session_does_what_the_model_does() {
    for seed in [0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03, 0x94D0_49BB_1331_11EB] {
        let mut dice = Dice(seed);
        let mut world = Arc::new(World::with_tenant().await);
        let ada = world.enrolled("ada@example.com").await;
        let mut sessions = vec![Model::new(&ada.refresh, world.now().unix_s())];
        for step in 0..120 {
            let now = match dice.below(12) {
                0 => world.step_s([-20, -5, 1, 9, 10, 11, 3_600, 80_000][dice.below(8)]),
                1 => {
                    Arc::get_mut(&mut world).unwrap().restart().await;
                    world.step_s(0)
                }
                _ => world.step_s(i64::try_from(dice.below(4)).unwrap()),
            };
            if sessions.iter().all(|session| session.is_dead) || sessions.len() < 2 {
                world.step_s(30);
                let again = world.sign_in("ada@example.com", PASSWORD, &ada.secret).await;
                if again.status == StatusCode::CREATED {
                    sessions.push(Model::new(again.text("refresh_token"), world.now().unix_s()));
                }
                continue;
            }
            let which = dice.below(sessions.len());
            let session = &mut sessions[which];
            // Mostly the token that counts, sometimes the one before, seldom an old one.
            let back = [0, 0, 0, 0, 0, 0, 1, 1, 2, 5][dice.below(10)];
            let presented = session.generation().saturating_sub(back);
            let token = session.tokens[presented].clone();
            let expected = session.expect(presented, now);
            let times = 1 + dice.below(4);
            let answers = at_once(&world, &token, times).await;
            let context = format!(
                "seed {seed:x}, step {step}, {expected:?}, {presented} of {}",
                session.generation()
            );
            match expected {
                Expected::Successor => {
                    let given = successors(&answers);
                    assert_eq!(given.len(), 1, "{context}");
                    session.tokens.extend(given);
                }
                Expected::SameAgain => {
                    let last = session.tokens.last().unwrap().clone();
                    assert_eq!(successors(&answers), HashSet::from([last]), "{context}");
                }
                Expected::Refused => {
                    assert!(
                        answers.iter().all(|answer| answer.code() == "refresh-invalid"),
                        "{context}"
                    );
                }
                Expected::TooOften => {
                    assert!(
                        answers.iter().all(|answer| answer.code() == "rate-limited"),
                        "{context}"
                    );
                }
            }
        }
        assert!(sessions.iter().any(|session| session.is_dead), "the dice threw a reuse");
    }
}

/// Threat T30, as often as the prototype did it: one rotation and one successor each time, whoever comes first.
#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_rounds_of_sixteen_at_once_give_one_successor_each() {
    let world = Arc::new(World::with_tenant().await);
    let ada = world.enrolled("ada@example.com").await;
    let mut token = ada.refresh;
    for round in 0..200 {
        world.wait_s(11);
        let answers = at_once(&world, &token, 16).await;
        for answer in &answers {
            assert_eq!(answer.status, StatusCode::OK, "{round}: {}", answer.body);
        }
        let given = successors(&answers);
        assert_eq!(given.len(), 1, "{round}");
        let next = given.into_iter().next().unwrap();
        assert_ne!(next, token, "{round}");
        token = next;
    }
    // One rotation a round: the token says which generation it is.
    let body = super::world::base64url(token.split('.').nth(1).unwrap());
    assert_eq!(body[34..], 200_u32.to_be_bytes());
}

/// Threat T33: storage set back to an earlier state hands nobody a session.
#[tokio::test]
async fn a_token_from_the_future_ends_the_session() {
    let mut world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let before = world.session_as_stored(&ada.session).await;
    let next = world.refresh(&ada.refresh).await;
    let after = world.refresh(next.text("refresh_token")).await;
    world.set_session_back(before).await;
    let ahead = world.refresh(after.text("refresh_token")).await;
    assert_eq!(ahead.code(), "refresh-invalid");
    for token in [&ada.refresh, next.text("refresh_token")] {
        assert_eq!(world.refresh(token).await.code(), "refresh-invalid");
    }
    let recorded = world.recorded().await;
    assert!(recorded.iter().any(|line| line.starts_with("auth.session.refreshed_reuse_detected")));
}
