// Fluid on a grid by Gauss-Seidel relaxation and advection, typed arrays of doubles, in the manner of NavierStokes.
const N = 20, W = N + 2;
const at = (x, y) => x + y * W;
function relax(out, source, a, c) {
  for (let k = 0; k < 8; k++) {
    for (let y = 1; y <= N; y++) {
      for (let x = 1; x <= N; x++) {
        const i = at(x, y);
        out[i] = (source[i] + a * (out[i - 1] + out[i + 1] + out[i - W] + out[i + W])) / c;
      }
    }
  }
}
function advect(out, from, u, v, dt) {
  for (let y = 1; y <= N; y++) {
    for (let x = 1; x <= N; x++) {
      const i = at(x, y);
      const px = Math.min(N + 0.5, Math.max(0.5, x - dt * u[i])), py = Math.min(N + 0.5, Math.max(0.5, y - dt * v[i]));
      const x0 = px | 0, y0 = py | 0, s = px - x0, t = py - y0, j = at(x0, y0);
      out[i] = (1 - s) * ((1 - t) * from[j] + t * from[j + W]) + s * ((1 - t) * from[j + 1] + t * from[j + W + 1]);
    }
  }
}
function run() {
  const make = () => new Float64Array(W * W);
  const u = make(), v = make(), density = make(), scratch = make();
  density[at(N / 2, N / 2)] = 100;
  u[at(N / 2, N / 2)] = 5;
  v[at(N / 2, N / 2)] = -3;
  for (let step = 0; step < 2; step++) {
    for (const field of [u, v, density]) {
      scratch.set(field);
      relax(field, scratch, 0.1, 1.4);
    }
    scratch.set(density);
    advect(density, scratch, u, v, 0.1 * N);
  }
  return density.reduce((sum, value) => sum + value, 0).toFixed(9);
}
