// Rows of tables by index, the order of rows, and losses of rows.
#include "rows.h"

struct GatherArguments {
  const float* x;            // tables: groups × rows × columns; backward ∂y
  const long long* indices;  // index_groups × count, which the groups take in turns
  float* y;                  // groups × count × columns; backward: parts of ∂x
  long long groups, index_groups;
  int rows, count, columns, parts;
};

// A row that a table does not have is NaN.
KERNEL(gather, GatherArguments, 256, 4) {
  for (long long i = first_element(); i < a.groups * a.count * a.columns; i += all_threads()) {
    long long place = i / a.columns, group = place / a.count;
    long long row = a.indices[group % a.index_groups * a.count + (place - group * a.count)];
    a.y[i] = row >= 0 && row < a.rows ? a.x[(group * a.rows + row) * a.columns + (i - place * a.columns)] : float_of(0x7fc00000u);
  }
}

// A block a row of a table and a part of its indices, which it reads in order; a thread a column. sum_parts adds up the parts.
KERNEL(gather_gradient, GatherArguments, 256, 4) {
  long long row = block_index() % (a.groups * a.rows), group = row / a.rows;
  int part = (int)(block_index() / (a.groups * a.rows)), each = (a.count + a.parts - 1) / a.parts;
  const long long* indices = a.indices + group % a.index_groups * a.count;
  for (int c = thread_index(); c < a.columns; c += block_size()) {
    float sum = 0;
    for (int i = part * each; i < least(a.count, (part + 1) * each); i++)
      if (group * a.rows + indices[i] == row) sum += a.x[(group * a.count + i) * a.columns + c];
    a.y[(part * a.groups * a.rows + row) * a.columns + c] = sum;
  }
}

struct CrossEntropyArguments {
  const float *logits, *targets, *dloss;
  const long long* labels;  // a class a row, instead of targets
  float* y;  // a loss a row, or backward ∂logits
  long long rows;
  int classes;
};

DEVICE float target_of(const CrossEntropyArguments& a, long long row, int c) {
  return a.labels ? (a.labels[row] == c ? 1.f : 0.f) : a.targets[row * a.classes + c];
}

// With z = x − max x: Σ t·(ln Σ exp z − z).
KERNEL(cross_entropy, CrossEntropyArguments, 256, 4) {
  for (long long row = first_row(); row < a.rows; row += row_step()) {
    const float* x = a.logits + row * a.classes;
    float most = float_of(0xff800000u), sum = 0, loss = 0;
    for (int c = lane_index(); c < a.classes; c += 32) most = larger_or_nan(most, x[c]);
    most = warp_largest(most);
    for (int c = lane_index(); c < a.classes; c += 32) sum += exact_exp(x[c] - most);
    float log_sum = exact_log(warp_sum(sum));
    for (int c = lane_index(); c < a.classes; c += 32) loss = multiply_add(target_of(a, row, c), log_sum - (x[c] - most), loss);
    loss = warp_sum(loss);
    if (lane_index() == 0) a.y[row] = loss;
  }
}

// ∂loss·(softmax(x)·Σ t − t).
KERNEL(cross_entropy_gradient, CrossEntropyArguments, 256, 4) {
  for (long long row = first_row(); row < a.rows; row += row_step()) {
    const float* x = a.logits + row * a.classes;
    float most = float_of(0xff800000u), sum = 0, weight = 0, dloss = a.dloss[row];
    for (int c = lane_index(); c < a.classes; c += 32) most = larger_or_nan(most, x[c]);
    most = warp_largest(most);
    for (int c = lane_index(); c < a.classes; c += 32) sum += exact_exp(x[c] - most), weight += target_of(a, row, c);
    sum = warp_sum(sum);
    float scale = dloss * warp_sum(weight) / sum;
    for (int c = lane_index(); c < a.classes; c += 32) a.y[row * a.classes + c] = exact_exp(x[c] - most) * scale - target_of(a, row, c) * dloss;
  }
}

struct OrderArguments {
  const float* x;    // rows × columns
  long long* order;  // rows × count
  long long rows;
  int columns, count, descending;
};

// Bits that are in order where floats are: −0 is 0, and NaN the largest.
DEVICE unsigned ordered_bits(float x, int descending) {
  unsigned bits = x != x ? 0x7fffffffu : x == 0 ? 0 : bits_of(x), ascending = bits >> 31 ? ~bits : bits | 0x80000000u;
  return descending ? ~ascending : ascending;
}

// Each element counts those of its row before it, equal ones in the order of their places, and so finds its own place.
KERNEL(order, OrderArguments, 256, 4) {
  for (long long i = first_element(); i < a.rows * a.columns; i += all_threads()) {
    long long row = i / a.columns;
    const float* x = a.x + row * a.columns;
    int column = (int)(i - row * a.columns), place = 0;
    unsigned own = ordered_bits(x[column], a.descending);
    for (int n = 0; n < a.columns; n++) {
      unsigned other = ordered_bits(x[n], a.descending);
      place += other < own || (other == own && n < column);
    }
    if (place < a.count) a.order[row * a.count + place] = column;
  }
}
