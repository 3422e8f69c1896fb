"""The kernels as CUDA C. No atomics: the order of a sum never changes, so that a step repeated gives the same bits."""

TILE = 16  # threads of a block along each axis

# c[g, r] = a[g, r] b[g, r] of matrices that lie anywhere: operands may be transposed, repeated or overlap, and none is
# copied first. cuBLAS wants rows or columns in one piece, so CuPy copies such operands at each call, and refuses to
# call cuBLAS while a graph is captured (cupy#6290).
PRODUCT = """
extern "C" __global__ void product(
    const REAL* a, const REAL* b, REAL* c,
    long long m, long long n, long long k, long long rows, long long count,
    long long ag, long long ar, long long ai, long long al,
    long long bg, long long br, long long bl, long long bj,
    long long cg, long long cr, long long ci, long long cj)
{
    __shared__ REAL left[TILE][TILE + 1];
    __shared__ REAL right[TILE][TILE + 1];
    const int x = threadIdx.x, y = threadIdx.y;
    const long long j = (long long)blockIdx.x * TILE + x;
    for (long long z = blockIdx.z; z < count; z += gridDim.z) {
        const long long g = z / rows, r = z % rows;
        const REAL* pa = a + g * ag + r * ar;
        const REAL* pb = b + g * bg + r * br;
        REAL* pc = c + g * cg + r * cr;
        for (long long top = (long long)blockIdx.y * TILE; top < m; top += (long long)gridDim.y * TILE) {
            const long long i = top + y;
            REAL sum = 0;
            for (long long first = 0; first < k; first += TILE) {
                left[y][x] = (i < m && first + x < k) ? pa[i * ai + (first + x) * al] : (REAL)0;
                right[y][x] = (first + y < k && j < n) ? pb[(first + y) * bl + j * bj] : (REAL)0;
                __syncthreads();
                for (int s = 0; s < TILE; s++)
                    sum += left[y][s] * right[s][x];
                __syncthreads();
            }
            if (i < m && j < n)
                pc[i * ci + j * cj] = sum;
        }
    }
}
"""

# Philox4x64-10 (Salmon et al. 2011), word for word what `engine.random.Bits` draws on the host: block t of a step has
# the counter (t + 1, 0, step, 0). `state` is the key and the step.
WORDS = """
extern "C" __global__ void words(const unsigned long long* state, unsigned int* out, long long count)
{
    const unsigned long long M0 = 0xD2E7470EE14C6C93ULL, M1 = 0xCA5A826395121157ULL;
    const unsigned long long W0 = 0x9E3779B97F4A7C15ULL, W1 = 0xBB67AE8584CAA73BULL;
    const long long blocks = (count + 7) / 8, stride = (long long)gridDim.x * blockDim.x;
    for (long long t = (long long)blockIdx.x * blockDim.x + threadIdx.x; t < blocks; t += stride) {
        unsigned long long c[4] = {(unsigned long long)t + 1, 0, state[2], 0};
        unsigned long long k0 = state[0], k1 = state[1];
        for (int round = 0; round < 10; round++) {
            const unsigned long long high0 = __umul64hi(M0, c[0]), low0 = M0 * c[0];
            const unsigned long long high1 = __umul64hi(M1, c[2]), low1 = M1 * c[2];
            c[0] = high1 ^ c[1] ^ k0;
            c[2] = high0 ^ c[3] ^ k1;
            c[1] = low1;
            c[3] = low0;
            k0 += W0;
            k1 += W1;
        }
        for (int w = 0; w < 8 && 8 * t + w < count; w++)
            out[8 * t + w] = (unsigned int)(c[w / 2] >> (32 * (w % 2)));
    }
}
"""

REAL = {"float32": "float", "float64": "double"}


def product_source(dtype: str) -> str:
    return f"#define TILE {TILE}\ntypedef {REAL[dtype]} REAL;\n{PRODUCT}"
