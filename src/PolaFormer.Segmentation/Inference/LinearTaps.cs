namespace PolaFormer.Segmentation.Inference;

/// <summary>The two inputs that each output of a linear interpolation along one axis weighs, by the rule of PyTorch's interpolate.</summary>
internal sealed class LinearTaps
{
    private readonly (int First, int Second, float Fraction)[] _taps;

    public LinearTaps(int inputs, int outputs, bool alignCorners)
    {
        _taps = new (int, int, float)[outputs];
        for (int o = 0; o < outputs; o++)
        {
            double source = !alignCorners ? Math.Max(0, ((o + 0.5) * ((double)inputs / outputs)) - 0.5)
                : outputs == 1 ? 0
                : o * ((double)(inputs - 1) / (outputs - 1));
            int first = Math.Min((int)source, inputs - 1);
            _taps[o] = (first, Math.Min(first + 1, inputs - 1), (float)(source - first));
        }
    }

    /// <summary>An output's inputs, and the weight of the second.</summary>
    public (int First, int Second, float Fraction) this[int output] => _taps[output];
}
