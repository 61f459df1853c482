//! Probes of tasks that are let go: they run on without breakpoints.

mod kept;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use recording::event::TracepointSource;
use tracer::Left;
use tracer::probes::{self, Point, Program};

/// Its child calls a function in two threads for a while after it has ended, and writes how that went.
const SOURCE: &str = r#"
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
__attribute__((noinline)) long turn(long x) { __asm__ volatile(""); return x + 1; }
static void *calls(void *until) {
    long sum = 0, count = 0;
    while (time(0) < *(time_t *)until) { sum = turn(sum); count++; }
    return (void *)(sum == count ? 1L : 0L);
}
int main(int count, char **words) {
    if (fork()) { usleep(300000); return 4; }
    time_t until = time(0) + 2;
    pthread_t other;
    pthread_create(&other, 0, calls, &until);
    void *own = calls(&until), *of_other;
    pthread_join(other, &of_other);
    FILE *out = fopen(words[1], "w");
    fprintf(out, "%ld %ld\n", (long)own, (long)of_other);
    fclose(out);
}
"#;

#[test]
fn tasks_that_are_let_go_run_on_without_breakpoints() {
    if !cfg!(target_arch = "x86_64") {
        println!("skipped: functions are traced on x86-64 only");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let (source, program, out) = (dir.path().join("x.c"), dir.path().join("x"), dir.path().join("out"));
    std::fs::write(&source, SOURCE).expect("written");
    let built = Command::new("gcc").args(["-O1", "-pthread", "-o"]).arg(&program).arg(&source).status();
    if !built.is_ok_and(|status| status.success()) {
        println!("skipped: no gcc");
        return;
    }
    let search = probes::functions(&program, &|name| name == "turn").expect("searched");
    let [found] = search.functions.as_slice() else { panic!("{search:?}") };
    let mut planned = Program::of(&search);
    let point = Point { id: 7, label: b"turn".to_vec(), source: TracepointSource::Probe, address: 0 };
    planned.add_function(point, found.body.as_ref().expect("traceable"));
    let mut plan = kept::plan(&[text(&program), text(&out)]);
    plan.probes = Some(planned);
    plan.left = Left::Leave;
    plan.grace = Duration::ZERO;
    let (_, ended) = kept::run(&plan);
    assert_eq!(ended.left.len(), 1, "{ended:?}");
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) && !std::fs::read(&out).is_ok_and(|bytes| bytes.ends_with(b"\n")) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(std::fs::read_to_string(&out).expect("it lived on"), "1 1\n");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
