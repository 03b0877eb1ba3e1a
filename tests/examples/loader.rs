use std::{path::PathBuf, time::Duration};
use system_tests::load::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (conns, requests, size, rounds): (usize, usize, usize, usize) = (
        args[2].parse().unwrap(),
        args[3].parse().unwrap(),
        args[4].parse().unwrap(),
        args[5].parse().unwrap(),
    );
    let layout = if args.get(6).is_some() { Layout::Processes } else { Layout::OneProcess };
    let dir = PathBuf::from("/work/main/target/loader");
    std::fs::remove_dir_all(&dir).ok();
    let server = Server::start(&PathBuf::from(&args[1]), &dir.join("data"), layout);
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runners = rt.block_on(async {
        let c = Customer::sign_up(server.address, server.invitation.as_deref().unwrap()).await;
        c.runners(server.address, conns).await
    });
    println!("pid {}", server.process());
    let pids = || {
        let mut v = vec![(server.process(), "host".to_owned())];
        v.extend(server.apps());
        v
    };
    for round in 0..rounds {
        let lanes: Vec<Vec<Outgoing>> = runners
            .iter_mut()
            .map(|r| {
                (0..requests)
                    .map(|_| {
                        let said: Vec<_> = (0..size).map(|_| r.say()).collect();
                        r.hand_in(&said)
                    })
                    .collect()
            })
            .collect();
        let before: Vec<_> =
            pids().into_iter().map(|(p, n)| (p, n, cpu_time(p).unwrap())).collect();
        std::fs::write("/tmp/loader.go", "").ok();
        let me = cpu_time(std::process::id()).unwrap();
        let b = rt.block_on(send_all(server.address, lanes));
        let me = cpu_time(std::process::id()).unwrap() - me;
        let n = (conns * requests * size) as f64;
        let mid: Vec<_> = before.iter().map(|(p, _, _)| cpu_time(*p).unwrap()).collect();
        std::thread::sleep(Duration::from_millis(3500));
        print!(
            "round {round}: {:.0} ev/s client {:.0}us",
            n / b.wall.as_secs_f64(),
            me.as_secs_f64() * 1e6 / n
        );
        for ((p, name, t), m) in before.iter().zip(mid) {
            print!(
                " | {name} {:.0} → {:.0} us",
                (m - *t).as_secs_f64() * 1e6 / n,
                (cpu_time(*p).unwrap() - *t).as_secs_f64() * 1e6 / n
            );
        }
        println!();
        for a in b.answers.iter().flatten() {
            assert!(a.status.is_success(), "{}", a.json());
        }
    }
    server.stop();
}
