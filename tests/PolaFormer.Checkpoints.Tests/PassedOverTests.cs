using PolaFormer.Models;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Tests;

/// <summary>What a state dict may lack, add or hold as another type, because no result depends on it.</summary>
public class PassedOverTests
{
    [Theory]
    [InlineData(DType.Float32, false)]
    [InlineData(DType.Float64, false)]
    [InlineData(DType.Float16, true)]
    [InlineData(DType.Int32, false)]
    [InlineData(DType.Int32, true)]
    [InlineData(DType.Int64, true)]
    public void ACounterIsReadFromAnyType(DType type, bool hasOneDimension)
    {
        VisionModel source = SavedModel.Made(), target = SavedModel.Made(seed: 2);
        using Checkpoint checkpoint = SavedModel.Open(source, tensor => [IsCounter(tensor.Name) ? new CheckpointTensor(tensor.Name, type, hasOneDimension ? [1] : [], Number(type, 7)) : tensor]);
        LoadReport report = ModelLoader.LoadPartial(target, checkpoint);
        Assert.True(report.IsExact, report.ToString());
        Assert.NotEmpty(report.PassedOver);
        Assert.All(Counters(target), counter => Assert.Equal(7, counter.AsSpan<long>()[0]));
    }

    [Fact]
    public void ACounterThatIsNoNumberCountsAsZero()
    {
        VisionModel model = SavedModel.Made();
        using Checkpoint checkpoint = SavedModel.Open(model, tensor => [IsCounter(tensor.Name) ? new CheckpointTensor(tensor.Name, [], new[] { float.NaN }) : tensor]);
        ModelLoader.LoadStrict(model, checkpoint);
        Assert.All(Counters(model), counter => Assert.Equal(0, counter.AsSpan<long>()[0]));
    }

    [Fact]
    public void AbsentCountersAreReported()
    {
        VisionModel source = SavedModel.Made(), target = SavedModel.Made(seed: 2);
        using Checkpoint checkpoint = SavedModel.Open(source, tensor => IsCounter(tensor.Name) ? [] : [tensor]);
        LoadReport report = ModelLoader.Compare(target, checkpoint);
        Assert.True(report.IsExact);
        Assert.Equal(Counters(target).Count(), report.PassedOver.Count);
        Assert.Contains("(absent)", report.PassedOver[0], StringComparison.Ordinal);
        Assert.Contains("passed over", report.ToString(), StringComparison.Ordinal);
        ModelLoader.LoadStrict(target, checkpoint);
        Assert.Equal(Counters(target).Count(), PretrainedLoader.Load(target, checkpoint).PassedOver.Count);
    }

    [Theory]
    [InlineData("absent")]
    [InlineData("int32")]
    [InlineData("flat")]
    [InlineData("elsewhere")]
    public void ConstantsStayTheNetworksOwn(string kind)
    {
        VisionModel source = SavedModel.Made("swin"), target = SavedModel.Made("swin", 2);
        (string Name, byte[] Bytes)[] before = [.. target.StateDict().Where(entry => IsConstant(entry.Name)).Select(entry => (entry.Name, entry.Tensor.AsBytes().ToArray()))];
        Assert.NotEmpty(before);
        using Checkpoint checkpoint = SavedModel.Open(source, tensor => (IsConstant(tensor.Name), kind) switch
        {
            (false, "elsewhere") => tensor.Name.EndsWith("attn.proj.bias", StringComparison.Ordinal) ? [tensor, new CheckpointTensor(tensor.Name.Replace("proj.bias", "relative_coords_table", StringComparison.Ordinal), [2], new float[2])] : [tensor],
            (false, _) or (true, "elsewhere") => [tensor],
            (true, "absent") => [],
            (true, "int32") => [new CheckpointTensor(tensor.Name, DType.Int32, tensor.Shape, new byte[tensor.Shape.Count * 4])],
            _ => [new CheckpointTensor(tensor.Name, [3], new[] { float.NegativeInfinity, 0, 0 })],
        });
        LoadReport report = ModelLoader.Compare(target, checkpoint);
        Assert.True(report.IsExact, report.ToString());
        Assert.NotEmpty(report.PassedOver);
        ModelLoader.LoadStrict(target, checkpoint);
        SavedModel.AssertSameParameters(source, target);
        Dictionary<string, Tensor> after = target.StateDict().ToDictionary();
        Assert.All(before, constant => Assert.Equal(constant.Bytes, after[constant.Name].AsBytes().ToArray()));
    }

    [Theory]
    [InlineData("total_ops")]
    [InlineData("total_params")]
    [InlineData("patch_embed.total_ops")]
    [InlineData("layers.0.blocks.0.total_params")]
    [InlineData("n_averaged")]
    [InlineData("num_batches_tracked")]
    public void CountersOfOtherProgramsAreNamed(string name)
    {
        VisionModel source = SavedModel.Made(), target = SavedModel.Made(seed: 2);
        using Checkpoint checkpoint = SavedModel.Open(source, tensor => tensor.Name == "head.bias"
            ? [tensor, new CheckpointTensor(name, DType.Float64, [1], new byte[8]), new CheckpointTensor("module." + name, DType.Float64, [1], new byte[8])] : [tensor]);
        LoadReport report = ModelLoader.Compare(target, checkpoint);
        Assert.True(report.IsExact, report.ToString());
        Assert.Contains($"{name} (of no layer)", report.PassedOver);
    }

    [Theory]
    [InlineData("head.extra")]
    [InlineData("layers.0.gamma")]
    public void LearnedTensorsStayStrict(string name)
    {
        VisionModel model = SavedModel.Made();
        using Checkpoint checkpoint = SavedModel.Open(model, tensor => tensor.Name == "head.bias" ? [tensor, new CheckpointTensor(name, [1], new float[1])] : [tensor]);
        Assert.Contains(name, Assert.Throws<CheckpointException>(() => ModelLoader.LoadStrict(model, checkpoint)).Message, StringComparison.Ordinal);
    }

    private static bool IsCounter(string name) => name.EndsWith("num_batches_tracked", StringComparison.Ordinal);

    private static bool IsConstant(string name) => name.EndsWith("relative_position_index", StringComparison.Ordinal) || name.EndsWith("attn_mask", StringComparison.Ordinal);

    private static IEnumerable<Tensor> Counters(VisionModel model) => model.StateDict().Where(entry => IsCounter(entry.Name)).Select(entry => entry.Tensor);

    private static byte[] Number(DType type, int value) => type switch
    {
        DType.Float64 => BitConverter.GetBytes((double)value),
        DType.Float16 => BitConverter.GetBytes((Half)value),
        DType.Float32 => BitConverter.GetBytes((float)value),
        DType.Int32 => BitConverter.GetBytes(value),
        _ => BitConverter.GetBytes((long)value),
    };
}
