//! How much memory this process may use: the smallest limit of its cgroups, or the machine's memory.
//!
//! Reads `/proc` and `/sys/fs/cgroup`, for both versions of cgroups. A container often sees its own cgroup as the root:
//! the path in `/proc/self/cgroup` does not exist there, and the root has the limit.
use std::path::Path;

/// Bytes that this process may use, and what limits them; `None` where the kernel does not report it.
pub fn memory() -> Option<(u64, Source)> {
    memory_at(Path::new("/"))
}

/// What limits the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A limit of a cgroup.
    Cgroup,
    Machine,
}

/// As [`memory`], with the file system at `root`.
pub fn memory_at(root: &Path) -> Option<(u64, Source)> {
    let machine = total(root);
    match (limit(root), machine) {
        (Some(limit), machine) if machine.is_none_or(|total| limit < total) => Some((limit, Source::Cgroup)),
        (_, machine) => machine.map(|total| (total, Source::Machine)),
    }
}

/// `MemTotal` of `/proc/meminfo`, whose "kB" are KiB.
fn total(root: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The smallest limit of the process's cgroups: each cgroup is also bound by its parents.
fn limit(root: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let mut limits = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':');
        let (_, Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (folder, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            list if list.split(',').any(|name| name == "memory") => ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        let top = root.join(folder);
        let own = Path::new(path.trim_start_matches('/'));
        // A path outside the visible hierarchy begins with `..`.
        let inside = !own.components().any(|part| part == std::path::Component::ParentDir);
        let folders = own.ancestors().filter(|_| inside).map(|path| top.join(path)).chain([top.clone()]);
        limits.extend(folders.filter_map(|folder| bytes(&folder.join(file))));
    }
    limits.into_iter().min()
}

/// `max`, and numbers too large for any machine, mean no limit: the machine's own memory bounds those.
fn bytes(file: &Path) -> Option<u64> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The kernel's answer; `None` for the machine's memory of 8 GiB.
    fn found(files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        let all = [("proc/meminfo", "MemFree: 1 kB\nMemTotal:        8388608 kB\n")];
        for (name, text) in all.iter().chain(files) {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        match memory_at(root.path()).unwrap() {
            (bytes, Source::Cgroup) => Some(bytes),
            (bytes, Source::Machine) => {
                assert_eq!(bytes, 8 << 30);
                None
            }
        }
    }

    #[test]
    fn the_machine_where_no_cgroup_limits() {
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[("proc/self/cgroup", "0::/a\n"), ("sys/fs/cgroup/a/memory.max", "max\n")]), None);
        let v1 = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(found(&[("proc/self/cgroup", "4:memory:/\n"), v1]), None);
        assert_eq!(found(&[("proc/self/cgroup", "nonsense\n:::\n0::/\n"), ("sys/fs/cgroup/memory.max", "x")]), None);
        assert_eq!(memory_at(tempfile::tempdir().unwrap().path()), None);
    }

    #[test]
    fn version_2_takes_the_smallest_of_nested_limits() {
        let cgroup = ("proc/self/cgroup", "0::/kubepods/pod1/c1\n");
        let pod = ("sys/fs/cgroup/kubepods/pod1/memory.max", "1073741824\n");
        let all = ("sys/fs/cgroup/kubepods/memory.max", "4294967296\n");
        assert_eq!(found(&[cgroup, pod, all, ("sys/fs/cgroup/kubepods/pod1/c1/memory.max", "max\n")]), Some(1 << 30));
        assert_eq!(found(&[cgroup, pod, ("sys/fs/cgroup/kubepods/pod1/c1/memory.max", "536870912")]), Some(512 << 20));
    }

    #[test]
    fn a_container_sees_its_own_cgroup_as_the_root() {
        let top = ("sys/fs/cgroup/memory.max", "1073741824\n");
        for path in ["0::/\n", "0::/../other\n", "0::/docker/abc\n"] {
            assert_eq!(found(&[("proc/self/cgroup", path), top]), Some(1 << 30), "{path}");
        }
    }

    #[test]
    fn version_1_and_both_at_once() {
        let cgroup = "11:cpu,cpuacct:/docker/abc\n5:memory:/docker/abc\n0::/docker/abc\n";
        let own = ("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "268435456\n");
        let top = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(found(&[("proc/self/cgroup", cgroup), own, top]), Some(256 << 20));
        let inside = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n");
        assert_eq!(found(&[("proc/self/cgroup", cgroup), inside]), Some(128 << 20));
        let shared = ("proc/self/cgroup", "5:hugetlb,memory:/a\n");
        assert_eq!(found(&[shared, ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1048576")]), Some(1 << 20));
    }
}
