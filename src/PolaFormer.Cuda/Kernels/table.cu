// Rows of a table by index, and losses of rows.
#include "rows.h"

struct GatherArguments {
  const float* x;            // the table; backward ∂y
  const long long* indices;  // one a row of y
  float* y;                  // backward: parts of ∂table, each table_rows × columns
  long long count;
  int table_rows, columns, parts;
};

// A row that the table does not have is NaN.
KERNEL(gather, GatherArguments, 256, 4) {
  for (long long i = first_element(); i < a.count * a.columns; i += all_threads()) {
    long long row = i / a.columns, index = a.indices[row];
    a.y[i] = index >= 0 && index < a.table_rows ? a.x[index * a.columns + (i - row * a.columns)] : float_of(0x7fc00000u);
  }
}

// A block a row of the table and a part of the indices, which it reads in order; a thread a column. sum_parts adds up the parts.
KERNEL(gather_gradient, GatherArguments, 256, 4) {
  int row = block_index() % a.table_rows, part = block_index() / a.table_rows;
  long long each = (a.count + a.parts - 1) / a.parts, from = part * each, to = from + each < a.count ? from + each : a.count;
  for (int c = thread_index(); c < a.columns; c += block_size()) {
    float sum = 0;
    for (long long i = from; i < to; i++)
      if (a.indices[i] == row) sum += a.x[i * a.columns + c];
    a.y[((long long)part * a.table_rows + row) * a.columns + c] = sum;
  }
}

struct CrossEntropyArguments {
  const float *logits, *targets, *dloss;
  float* y;  // a loss a row, or backward ∂logits
  long long rows;
  int classes;
};

// With z = x − max x: Σ t·(ln Σ exp z − z).
KERNEL(cross_entropy, CrossEntropyArguments, 256, 4) {
  for (long long row = first_row(); row < a.rows; row += row_step()) {
    const float *x = a.logits + row * a.classes, *t = a.targets + row * a.classes;
    float most = float_of(0xff800000u), sum = 0, loss = 0;
    for (int c = lane_index(); c < a.classes; c += 32) most = larger_or_nan(most, x[c]);
    most = warp_largest(most);
    for (int c = lane_index(); c < a.classes; c += 32) sum += exact_exp(x[c] - most);
    float log_sum = exact_log(warp_sum(sum));
    for (int c = lane_index(); c < a.classes; c += 32) loss = multiply_add(t[c], log_sum - (x[c] - most), loss);
    loss = warp_sum(loss);
    if (lane_index() == 0) a.y[row] = loss;
  }
}

// ∂loss·(softmax(x)·Σ t − t).
KERNEL(cross_entropy_gradient, CrossEntropyArguments, 256, 4) {
  for (long long row = first_row(); row < a.rows; row += row_step()) {
    const float *x = a.logits + row * a.classes, *t = a.targets + row * a.classes;
    float most = float_of(0xff800000u), sum = 0, weight = 0, dloss = a.dloss[row];
    for (int c = lane_index(); c < a.classes; c += 32) most = larger_or_nan(most, x[c]);
    most = warp_largest(most);
    for (int c = lane_index(); c < a.classes; c += 32) sum += exact_exp(x[c] - most), weight += t[c];
    sum = warp_sum(sum);
    float scale = dloss * warp_sum(weight) / sum;
    for (int c = lane_index(); c < a.classes; c += 32) a.y[row * a.classes + c] = exact_exp(x[c] - most) * scale - t[c] * dloss;
  }
}
