using System.Numerics;
using PolaFormer.NN;

namespace PolaFormer.Training.Optimization;

/// <summary>Limits on gradients. Their global norm is the length of all of them as one vector.</summary>
public static class GradientClipping
{
    /// <summary>The norm; parameters without a gradient count nothing.</summary>
    public static double Norm(IEnumerable<Parameter> parameters)
    {
        double sum = 0;
        foreach (Parameter parameter in parameters)
            sum += parameter.Grad is { } gradient ? SquaredLength(gradient.AsSpan<float>()) : 0;
        return Math.Sqrt(sum);
    }

    /// <summary>Scales the gradients by min(1, max / (norm + 10⁻⁶)), as torch's clip_grad_norm_.</summary>
    /// <returns>The norm before.</returns>
    public static double ByNorm(IEnumerable<Parameter> parameters, double max)
    {
        IReadOnlyList<Parameter> all = [.. parameters];
        double norm = Norm(all);
        float factor = (float)(max / (norm + 1e-6));
        if (factor >= 1)
            return norm;
        foreach (Parameter parameter in all)
        {
            if (parameter.Grad is { } gradient)
                Scale(gradient.AsSpan<float>(), factor);
        }

        return norm;
    }

    /// <summary>Cuts every element to [−max, max], as torch's clip_grad_value_.</summary>
    public static void ByValue(IEnumerable<Parameter> parameters, double max)
    {
        foreach (Parameter parameter in parameters)
        {
            if (parameter.Grad is { } gradient)
                Clamp(gradient.AsSpan<float>(), (float)max);
        }
    }

    // Sums in double: lanes first, then across, in an order that depends on the length only.
    private static double SquaredLength(ReadOnlySpan<float> values)
    {
        const int Lanes = 16;
        Span<double> sums = stackalloc double[Lanes];
        sums.Clear();
        int i = 0;
        for (; i <= values.Length - Lanes; i += Lanes)
        {
            for (int lane = 0; lane < Lanes; lane++)
                sums[lane] += (double)values[i + lane] * values[i + lane];
        }

        for (; i < values.Length; i++)
            sums[i % Lanes] += (double)values[i] * values[i];
        double total = 0;
        foreach (double sum in sums)
            total += sum;
        return total;
    }

    private static void Scale(Span<float> values, float factor)
    {
        int i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            (new Vector<float>(values[i..]) * factor).CopyTo(values[i..]);
        for (; i < values.Length; i++)
            values[i] *= factor;
    }
    private static void Clamp(Span<float> values, float max)
    {
        int i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Min(Vector.Max(new Vector<float>(values[i..]), new Vector<float>(-max)), new Vector<float>(max)).CopyTo(values[i..]);
        for (; i < values.Length; i++)
            values[i] = Math.Clamp(values[i], -max, max);
    }
}
