using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Models.Tests;

public class MemoryTests
{
    [Fact]
    public void SteadyTrainingStepTakesNothingFromTheSystem()
    {
        VisionModel model = RegistryTests.Small("polaformer_pp_cifar");
        model.Initialize(1);
        model.Train();
        Tensor images = TestImages.Make(4, model.ImageSize);
        Step();
        Step();
        long reserved = MemoryStatistics.BytesReserved, inUse = MemoryStatistics.BytesInUse;
        Step();
        Assert.Equal(reserved, MemoryStatistics.BytesReserved);
        Assert.Equal(inUse, MemoryStatistics.BytesInUse);

        void Step()
        {
            model.ZeroGrad();
            using (MemoryScope.Enter())
            using (var tape = Tape.Start())
                tape.Backward(model.Forward(images).LogSoftmax().Slice(1, 0, 1).Mean());
        }
    }

    [Fact]
    public void PeakOfInferenceIsBelowThatOfTheWholeChain()
    {
        // 12.9 M parameters take 49 MiB; activations of one image must stay within a few of the largest maps.
        VisionModel model = ModelRegistry.Find("pola_pvt_tiny").Create();
        model.Initialize(1);
        Tensor images = TestImages.Make(1, 224);
        long before = MemoryStatistics.BytesInUse;
        MemoryStatistics.ResetPeak();
        using (MemoryScope.Enter())
            model.Forward(images);
        Assert.InRange(MemoryStatistics.PeakBytesInUse - before, 1, 24 << 20);
    }
}
