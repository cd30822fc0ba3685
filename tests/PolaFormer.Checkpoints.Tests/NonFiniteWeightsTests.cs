using PolaFormer.Models;

namespace PolaFormer.Checkpoints.Tests;

/// <summary>Weights that are infinite or NaN are an error that names the first of them.</summary>
public class NonFiniteWeightsTests
{
    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void TheFirstIsNamed(float value)
    {
        VisionModel model = SavedModel.Made();
        using Checkpoint checkpoint = SavedModel.Open(model, tensor => [tensor.Name is "norm.weight" or "head.weight" ? Changed(tensor, value) : tensor]);
        string first = checkpoint.Entries.First(entry => entry.Name is "norm.weight" or "head.weight").Name;
        foreach (Action load in (Action[])[() => ModelLoader.LoadStrict(model, checkpoint), () => ModelLoader.LoadPartial(model, checkpoint), () => PretrainedLoader.Load(model, checkpoint)])
        {
            string message = Assert.Throws<CheckpointException>(load).Message;
            Assert.Contains(first, message, StringComparison.Ordinal);
            Assert.Contains("not finite", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ANegativeVarianceIsNamed()
    {
        VisionModel model = SavedModel.Made();
        using Checkpoint checkpoint = SavedModel.Open(model, tensor => [tensor.Name == "patch_embed.proj.1.running_var" ? Changed(tensor, -1e-3f) : tensor]);
        Assert.Contains("running_var (16) is a variance", Assert.Throws<CheckpointException>(() => ModelLoader.LoadStrict(model, checkpoint)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheFirstElementIsFoundWhereverItLies()
    {
        for (int length = 1; length < 70; length++)
        {
            float[] values = new float[length];
            Array.Fill(values, float.MaxValue);
            Assert.Equal(-1, FloatConversion.IndexOfNonFinite(values));
            for (int at = 0; at < length; at++)
            {
                values[at] = at % 2 == 0 ? float.NaN : float.NegativeInfinity;
                Assert.Equal(at, FloatConversion.IndexOfNonFinite(values));
                values[at] = float.MinValue;
            }
        }
    }

    private static CheckpointTensor Changed(CheckpointTensor tensor, float value)
    {
        byte[] bytes = SavedModel.BytesOf(tensor);
        BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 4), value);
        return new CheckpointTensor(tensor.Name, tensor.DType, tensor.Shape, bytes);
    }
}
