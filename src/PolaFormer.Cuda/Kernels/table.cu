// Rows of tables by index, the order of rows, and losses of rows.
#include "rows.h"

struct GatherArguments {
  const float* x;            // tables: groups × rows × columns
  const long long* indices;  // index_groups × count, which the groups take in turns
  float* y;                  // groups × count × columns
  long long groups, index_groups;
  int rows, count, columns;
};

// A row that a table does not have is NaN.
KERNEL(gather, GatherArguments, 256, 4) {
  for (long long i = first_element(); i < a.groups * a.count * a.columns; i += all_threads()) {
    long long place = i / a.columns, group = place / a.count;
    long long row = a.indices[group % a.index_groups * a.count + (place - group * a.count)];
    a.y[i] = row >= 0 && row < a.rows ? a.x[(group * a.rows + row) * a.columns + (i - place * a.columns)] : float_of(0x7fc00000u);
  }
}

// What a gradient of rows takes: places are sorted by the row that they chose, and those of a row added up in order.
struct PlacesArguments {
  const float* dy;           // groups × count × columns
  const long long* indices;  // sets × count; group g has set g mod sets
  float* dx;                 // groups × rows × columns
  int* counts;               // sets × parts × rows: how many places of a part chose a row, and then how many of the parts before it
  int* ranks;                // sets × count: how many places of the same part and row are before a place
  int* starts;               // sets × (rows + 1): where a row's places begin in the order
  int* order;                // sets × count
  float* edges;              // groups × runs × 2 × columns: sums of rows that go on from the run before, and into the next one
  long long groups, sets;
  int rows, count, columns, parts, each, runs;  // each: places of a part
};

constexpr int run_length = 256;

// −1 for a row that the table does not have.
DEVICE int row_of(const PlacesArguments& a, long long set, int place) {
  long long row = a.indices[set * a.count + place];
  return row >= 0 && row < a.rows ? (int)row : -1;
}

// A block a part, 256 places at a time; its counts so far are those of the places before.
KERNEL(rank_places, PlacesArguments, 256, 4) {
  auto* chosen = (int*)shared_memory();
  long long set = block_index() / a.parts;
  int part = (int)(block_index() - set * a.parts), end = least(a.count, (part + 1) * a.each), t = thread_index();
  int* counts = a.counts + (long long)block_index() * a.rows;
  for (int row = t; row < a.rows; row += block_size()) counts[row] = 0;
  for (int from = part * a.each; from < end; from += block_size()) {
    int row = from + t < end ? row_of(a, set, from + t) : -1, rank = 0, last = 1;
    chosen[t] = row;
    block_barrier();
    for (int n = 0; n < block_size(); n++) {
      if (chosen[n] != row) continue;
      if (n < t) rank++;
      if (n > t) last = 0;
    }
    if (row >= 0) a.ranks[set * a.count + from + t] = rank += counts[row];
    block_barrier();
    if (row >= 0 && last) counts[row] = rank + 1;
  }
}

// A thread a row: counts become those of the parts before, and the start all of them.
KERNEL(count_places, PlacesArguments, 256, 4) {
  for (long long i = first_element(); i < a.sets * a.rows; i += all_threads()) {
    long long set = i / a.rows;
    int row = (int)(i - set * a.rows), sum = 0;
    for (int part = 0; part < a.parts; part++) {
      int* count = a.counts + (set * a.parts + part) * a.rows + row;
      int here = *count;
      *count = sum;
      sum += here;
    }
    a.starts[set * (a.rows + 1) + row] = sum;
  }
}

// A block a set: each thread sums up its rows, and begins where the threads before it end.
KERNEL(start_rows, PlacesArguments, 256, 4) {
  auto* sums = (int*)shared_memory();
  int* starts = a.starts + (long long)block_index() * (a.rows + 1);
  int each = (a.rows + block_size() - 1) / block_size(), from = thread_index() * each, to = least(a.rows, from + each), sum = 0;
  for (int row = from; row < to; row++) sum += starts[row];
  sums[thread_index()] = sum;
  block_barrier();
  int start = 0;
  for (int n = 0; n < thread_index(); n++) start += sums[n];
  for (int row = from; row < to; row++) {
    int count = starts[row];
    starts[row] = start;
    start += count;
  }
  if (thread_index() == block_size() - 1) starts[a.rows] = start;
}

KERNEL(order_places, PlacesArguments, 256, 4) {
  for (long long i = first_element(); i < a.sets * a.count; i += all_threads()) {
    long long set = i / a.count;
    int place = (int)(i - set * a.count), row = row_of(a, set, place);
    if (row < 0) continue;
    int before = a.starts[set * (a.rows + 1) + row] + a.counts[(set * a.parts + place / a.each) * a.rows + row];
    a.order[set * a.count + before + a.ranks[i]] = place;
  }
}

// A row's sum over a run: the row's own, or where it has places in other runs too, an edge of this one.
DEVICE void end_row(const PlacesArguments& a, const int* starts, long long group, int run, int row, int column, float sum) {
  bool before = starts[row] < run * run_length, after = starts[row + 1] > (run + 1) * run_length;
  if (before || after) a.edges[(((group * a.runs + run) * 2) + (before ? 0 : 1)) * a.columns + column] = sum;
  else a.dx[(group * a.rows + row) * a.columns + column] = sum;
}

// A block a run of places in order, a thread a column.
KERNEL(sum_places, PlacesArguments, 256, 4) {
  long long group = block_index() / a.runs, set = group % a.sets;
  int run = (int)(block_index() - group * a.runs), from = run * run_length;
  const int *starts = a.starts + set * (a.rows + 1), *order = a.order + set * a.count;
  int to = least(starts[a.rows], from + run_length);
  if (from >= to) return;
  for (int c = thread_index(); c < a.columns; c += block_size()) {
    int row = row_of(a, set, order[from]);
    float sum = 0;
    for (int i = from; i < to; i++) {
      int place = order[i], other = row_of(a, set, place);
      if (other != row) {
        end_row(a, starts, group, run, row, c, sum);
        row = other, sum = 0;
      }
      sum += a.dy[(group * a.count + place) * a.columns + c];
    }
    end_row(a, starts, group, run, row, c, sum);
  }
}

// Rows of several runs, in the order of these; rows that nobody chose.
KERNEL(join_rows, PlacesArguments, 256, 4) {
  for (long long i = first_element(); i < a.groups * a.rows * a.columns; i += all_threads()) {
    long long unit = i / a.columns, group = unit / a.rows;
    int column = (int)(i - unit * a.columns), row = (int)(unit - group * a.rows);
    const int* starts = a.starts + group % a.sets * (a.rows + 1) + row;
    int from = starts[0], to = starts[1];
    if (from == to) a.dx[i] = 0;
    if (from == to || from / run_length == (to - 1) / run_length) continue;
    int run = from / run_length;
    float sum = a.edges[(((group * a.runs + run) * 2) + 1) * a.columns + column];
    while (++run <= (to - 1) / run_length) sum += a.edges[((group * a.runs + run) * 2) * a.columns + column];
    a.dx[i] = sum;
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
