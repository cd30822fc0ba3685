using Microsoft.ML.OnnxRuntime;
using PolaFormer.Tensors;

namespace PolaFormer.Onnx.Tests;

/// <summary>ONNX Runtime, which computes what the exported files say.</summary>
internal static class OnnxRuntime
{
    /// <summary>The logits of images (B, H, W, 3), as ONNX Runtime computes them.</summary>
    public static float[] Run(string model, Tensor images)
    {
        using var session = new InferenceSession(model);
        Tensor channelsFirst = images.Permute(0, 3, 1, 2);
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(channelsFirst.ToArray(), [.. channelsFirst.Shape.AsSpan().ToArray().Select(extent => (long)extent)]);
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, session.InputNames, [input], session.OutputNames);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
