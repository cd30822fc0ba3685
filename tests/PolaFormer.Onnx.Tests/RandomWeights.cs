using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Onnx.Tests;

/// <summary>Initial weights with noise in whatever starts as one repeated value: biases, norms, scales, exponents, statistics.</summary>
internal static class RandomWeights
{
    public static void Fill(Module model, ulong seed)
    {
        model.Initialize(seed);
        ulong stream = 0;
        foreach ((string name, Tensor tensor) in model.StateDict())
        {
            stream++;
            if (tensor.DType != DType.Float32 || name.EndsWith(".angle", StringComparison.Ordinal))
                continue;
            Span<float> values = tensor.AsSpan<float>();
            if (values.ContainsAnyExcept(values[0]))
                continue;
            float[] noise = new float[values.Length];
            new Philox(seed, stream).FillUniform(noise, 0);
            for (int i = 0; i < values.Length; i++)
                values[i] += 0.4f * (noise[i] - 0.5f);
        }
    }
}
