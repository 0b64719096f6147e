/* Preloaded, it stands for a kernel, a sandboxed runtime or a seccomp profile in which getrusage counts nothing. */
#include <string.h>
#include <sys/resource.h>

int getrusage(__rusage_who_t who, struct rusage *usage) {
  (void)who;
  memset(usage, 0, sizeof *usage);
  return 0;
}
