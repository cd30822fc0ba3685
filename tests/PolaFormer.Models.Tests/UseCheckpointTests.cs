using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Models.Tests;

public class UseCheckpointTests
{
    public static TheoryData<string> Families => ["pvt", "swin", "plus plus"];

    [Theory]
    [MemberData(nameof(Families))]
    public void GradientsAndStatisticsHaveTheBitsOfAPlainStepInLessMemory(string family)
    {
        (float[] plain, float[] plainStatistics, long plainPeak) = Step(Make(family), useCheckpoint: false);
        (float[] recomputed, float[] statistics, long peak) = Step(Make(family), useCheckpoint: true);
        Assert.Contains(plain, value => value != 0);
        Assert.Equal(plain, recomputed);
        Assert.Equal(plainStatistics, statistics);
        Assert.True(peak < 0.8 * plainPeak, $"{peak} bytes after {plainPeak}");
    }

    [Fact]
    public void BatchNormWithinARecomputedPartCountsABatchOnce()
    {
        var norm = new BatchNorm2d(3);
        norm.Initialize(0);
        norm.Train();
        norm.IsCheckpointed = true;
        Tensor x = TestImages.Make(2, 4);
        x.RequiresGrad = true;
        float[] Statistics() => [.. norm.StateDict().Where(entry => entry.Tensor is not Parameter && entry.Tensor.DType == DType.Float32).SelectMany(entry => entry.Tensor.ToArray())];
        using (var tape = Tape.Start())
        {
            Tensor y = norm.Forward(x);
            float[] afterForward = Statistics();
            tape.Backward(y, TestImages.Make(2, 4));
            Assert.Equal(afterForward, Statistics());
        }

        Assert.Equal(1, norm.StateDict().Single(entry => entry.Name == "num_batches_tracked").Tensor.AsSpan<long>()[0]);
    }

    // One training step with random depth and, where the family has it, dropout.
    private static (float[] Gradients, float[] Statistics, long Peak) Step(VisionModel model, bool useCheckpoint)
    {
        model.Initialize(4);
        model.Train();
        model.UseCheckpoint = useCheckpoint;
        RandomStep.Current = new RandomStep(5, 6);
        Device.Cpu.MemoryStatistics.ResetPeak();
        long before = Device.Cpu.MemoryStatistics.BytesInUse;
        using (MemoryScope.Enter())
        using (var tape = Tape.Start())
            tape.Backward(model.Forward(TestImages.Make(3, model.ImageSize)).LogSoftmax().Slice(1, 1, 1).Mean());
        long peak = Device.Cpu.MemoryStatistics.PeakBytesInUse - before;
        float[] statistics = [.. model.StateDict().Where(entry => entry.Name.Contains("running", StringComparison.Ordinal)).SelectMany(entry => entry.Tensor.ToArray())];
        return ([.. model.Parameters().Where(parameter => parameter.Grad is not null).SelectMany(parameter => parameter.Grad!.ToArray())], statistics, peak);
    }

    private static VisionModel Make(string family) => family switch
    {
        "pvt" => new Pvt(new PvtConfig { ImageSize = 32, NumClasses = 3, EmbedDims = [8, 16], NumHeads = [1, 2], MlpRatios = [4, 4], Depths = [3, 3], SrRatios = [2, 1], LaSrRatios = [2, 1], AttnType = "LS", DropPathRate = 0.4f, DropRate = 0.2f }),
        "swin" => new Swin(new SwinConfig { ImageSize = 56, NumClasses = 3, EmbedDim = 8, NumHeads = [2, 2], Depths = [3, 3], WindowSize = 7, AttnType = "LS", DropPathRate = 0.4f, DropRate = 0.2f }),
        _ => new PolaFormerPlusPlus(new PolaFormerPlusPlusConfig { ImageSize = 32, NumClasses = 3, EmbedDims = [8, 16], Depths = [4, 4], NumHeads = [1, 2], MlpRatios = [4, 4], Flags = ["lrfv", "l"], LayerScales = [true, false], LayerInitValues = [1, 1], Projection = 16, StemReductions = 1, DropPathRate = 0.4f }),
    };
}
