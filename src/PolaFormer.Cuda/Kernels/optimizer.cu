// AdamW over all parameters in one launch.
#include "math.h"

struct Parameter {
  float *weight, *gradient, *mean, *square;
  bf16* copy;             // what products read in mixed precision, or null
  long long first, count;  // number of its first element among all, and how many they are
  float keep, step;       // 1 − rate·decay, and rate / (1 − β₁ᵗ)
};

struct AdamWArguments {
  const Parameter* parameters;  // by `first`
  int parameter_count;
  long long total;
  float beta1, beta1_rest, beta2, beta2_rest, root_correction, epsilon;  // root_correction: √(1 − β₂ᵗ)
  float gradient_scale;
};

// w −= rate·decay·w; m = β₁·m + (1 − β₁)·g; v = β₂·v + (1 − β₂)·g²; w −= step·m/(√v/√(1 − β₂ᵗ) + ε), each in the processor's order.
KERNEL(adamw, AdamWArguments, 256, 4) {
  constexpr int each = 4;
  long long i = ((long long)block_index() * block_size() + thread_index()) * each;
  if (i >= a.total) return;
  int low = 0, high = a.parameter_count - 1;
  while (low < high) {
    int middle = (low + high + 1) / 2;
    if (a.parameters[middle].first <= i) low = middle;
    else high = middle - 1;
  }
  for (int n = 0; n < each && i < a.total; n++, i++) {
    while (i >= a.parameters[low].first + a.parameters[low].count) low++;
    const Parameter& p = a.parameters[low];
    long long at = i - p.first;
    float g = p.gradient[at] * a.gradient_scale, w = p.weight[at] * p.keep;
    float m = multiply_add(g, a.beta1_rest, p.mean[at] * a.beta1), v = multiply_add(g * g, a.beta2_rest, p.square[at] * a.beta2);
    float denominator = square_root(v) / a.root_correction + a.epsilon;
    w -= p.step * (m / denominator);
    p.weight[at] = w, p.mean[at] = m, p.square[at] = v;
    if (p.copy) p.copy[at] = from_float<bf16>(w);
  }
}
