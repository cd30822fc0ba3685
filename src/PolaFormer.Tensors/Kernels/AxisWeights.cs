using System.Buffers;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// How each output position of one axis weighs the input positions: a sparse matrix in rows. Interpolation and average pooling are
/// both one such matrix an axis, and their backward is the transposed matrix, so that a gradient is gathered, never scattered.
/// </summary>
internal readonly struct AxisWeights : IDisposable
{
    private readonly int[] _starts, _indices;
    private readonly float[] _weights;

    private AxisWeights(int inputs, int outputs, int capacity)
    {
        (Inputs, Outputs) = (inputs, outputs);
        _starts = ArrayPool<int>.Shared.Rent(outputs + 1);
        _indices = ArrayPool<int>.Shared.Rent(Math.Max(1, capacity));
        _weights = ArrayPool<float>.Shared.Rent(Math.Max(1, capacity));
        _starts[0] = 0;
    }

    public int Inputs { get; }

    public int Outputs { get; }

    /// <summary>The input positions that an output position weighs.</summary>
    public ReadOnlySpan<int> Indices(int output) => _indices.AsSpan(_starts[output].._starts[output + 1]);

    /// <summary>Their weights.</summary>
    public ReadOnlySpan<float> Weights(int output) => _weights.AsSpan(_starts[output].._starts[output + 1]);

    /// <summary>Linear interpolation as torch's with align_corners = false: the source of o is (o + ½)·inputs/outputs − ½, at least 0.</summary>
    public static AxisWeights Linear(int inputs, int outputs)
    {
        var axis = new AxisWeights(inputs, outputs, 2 * outputs);
        for (int o = 0, at = 0; o < outputs; o++)
        {
            double source = Math.Max(0, ((o + 0.5) * ((double)inputs / outputs)) - 0.5);
            int left = Math.Min((int)source, inputs - 1);
            double fraction = source - left;
            axis.Add(ref at, left, 1 - fraction);
            axis.Add(ref at, Math.Min(left + 1, inputs - 1), fraction);
            axis._starts[o + 1] = at;
        }

        return axis;
    }

    /// <summary>Linear interpolation as torch's with align_corners = true: the source of o is o·(inputs − 1)/(outputs − 1), 0 for one output.</summary>
    public static AxisWeights LinearAligned(int inputs, int outputs)
    {
        var axis = new AxisWeights(inputs, outputs, 2 * outputs);
        for (int o = 0, at = 0; o < outputs; o++)
        {
            double source = outputs == 1 ? 0 : o * ((double)(inputs - 1) / (outputs - 1));
            int left = Math.Min((int)source, inputs - 1);
            double fraction = source - left;
            axis.Add(ref at, left, 1 - fraction);
            axis.Add(ref at, Math.Min(left + 1, inputs - 1), fraction);
            axis._starts[o + 1] = at;
        }

        return axis;
    }

    /// <summary>The input ⌊o·inputs/outputs⌋ alone.</summary>
    public static AxisWeights Nearest(int inputs, int outputs)
    {
        var axis = new AxisWeights(inputs, outputs, outputs);
        for (int o = 0, at = 0; o < outputs; o++)
        {
            axis.Add(ref at, (int)((long)o * inputs / outputs), 1);
            axis._starts[o + 1] = at;
        }

        return axis;
    }

    /// <summary>Cubic convolution (Keys, a = −¾) as torch's with align_corners = false: the source is not clamped, the border repeats.</summary>
    public static AxisWeights Cubic(int inputs, int outputs)
    {
        const double A = -0.75;
        var axis = new AxisWeights(inputs, outputs, 4 * outputs);
        for (int o = 0, at = 0; o < outputs; o++)
        {
            double source = ((o + 0.5) * ((double)inputs / outputs)) - 0.5;
            int left = (int)Math.Floor(source);
            for (int tap = -1; tap <= 2; tap++)
            {
                double x = Math.Abs(source - (left + tap));
                double weight = x <= 1 ? ((((A + 2) * x) - (A + 3)) * x * x) + 1 : (((((A * x) - (5 * A)) * x) + (8 * A)) * x) - (4 * A);
                axis.Add(ref at, Math.Clamp(left + tap, 0, inputs - 1), weight);
            }

            axis._starts[o + 1] = at;
        }

        return axis;
    }

    /// <summary>Adaptive averages: output o is the mean of inputs ⌊o·inputs/outputs⌋ to ⌈(o + 1)·inputs/outputs⌉.</summary>
    public static AxisWeights AdaptiveAverage(int inputs, int outputs)
    {
        var axis = new AxisWeights(inputs, outputs, inputs + (2 * outputs));
        for (int o = 0, at = 0; o < outputs; o++)
        {
            int from = (int)((long)o * inputs / outputs), to = (int)((((long)(o + 1) * inputs) + outputs - 1) / outputs);
            for (int i = from; i < to; i++)
                axis.Add(ref at, i, 1.0 / (to - from));
            axis._starts[o + 1] = at;
        }

        return axis;
    }

    /// <summary>Averages of the inputs of each window; padding counts as zeros that are part of the average (torch's default).</summary>
    public static AxisWeights Average(int inputs, PoolWindow window)
    {
        (int kernel, int stride, int padding) = window;
        int outputs = window.OutExtent(inputs);
        var axis = new AxisWeights(inputs, outputs, kernel * outputs);
        for (int o = 0, at = 0; o < outputs; o++)
        {
            int from = Math.Max(0, (o * stride) - padding), to = Math.Min(inputs, (o * stride) - padding + kernel);
            for (int i = from; i < to; i++)
                axis.Add(ref at, i, 1.0 / kernel);
            axis._starts[o + 1] = at;
        }

        return axis;
    }

    /// <summary>The product of both matrices: this one applied to what another gives. Inputs in ascending order.</summary>
    public AxisWeights After(in AxisWeights first)
    {
        int total = 0;
        for (int k = 0; k < _starts[Outputs]; k++)
            total += first.Indices(_indices[k]).Length;
        var axis = new AxisWeights(first.Inputs, Outputs, total);
        var sums = new SortedDictionary<int, double>();
        for (int o = 0, at = 0; o < Outputs; o++)
        {
            sums.Clear();
            for (int k = _starts[o]; k < _starts[o + 1]; k++)
            {
                ReadOnlySpan<int> indices = first.Indices(_indices[k]);
                for (int i = 0; i < indices.Length; i++)
                    sums[indices[i]] = sums.GetValueOrDefault(indices[i]) + ((double)_weights[k] * first.Weights(_indices[k])[i]);
            }

            foreach ((int index, double weight) in sums)
                axis.Add(ref at, index, weight);
            axis._starts[o + 1] = at;
        }

        return axis;
    }

    /// <summary>The transposed matrix: for each input the outputs that weigh it, in ascending order.</summary>
    public AxisWeights Transpose()
    {
        int total = _starts[Outputs];
        var axis = new AxisWeights(Outputs, Inputs, total);
        axis._starts.AsSpan(0, Inputs + 1).Clear();
        for (int k = 0; k < total; k++)
            axis._starts[_indices[k] + 1]++;
        for (int i = 0; i < Inputs; i++)
            axis._starts[i + 1] += axis._starts[i];
        // Fill moves each start to the end of its row; the loop from the end restores them.
        for (int o = 0; o < Outputs; o++)
        {
            for (int k = _starts[o]; k < _starts[o + 1]; k++)
            {
                int at = axis._starts[_indices[k]]++;
                (axis._indices[at], axis._weights[at]) = (o, _weights[k]);
            }
        }

        for (int i = Inputs; i > 0; i--)
            axis._starts[i] = axis._starts[i - 1];
        axis._starts[0] = 0;
        return axis;
    }

    public void Dispose()
    {
        ArrayPool<int>.Shared.Return(_starts);
        ArrayPool<int>.Shared.Return(_indices);
        ArrayPool<float>.Shared.Return(_weights);
    }

    /// <summary>Adds an entry; a weight of 0 is none.</summary>
    private void Add(ref int at, int index, double weight)
    {
        if (weight == 0)
            return;
        (_indices[at], _weights[at]) = (index, (float)weight);
        at++;
    }
}
