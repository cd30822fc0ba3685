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
        long reserved = Device.Cpu.MemoryStatistics.BytesReserved, inUse = Device.Cpu.MemoryStatistics.BytesInUse;
        Step();
        Assert.Equal(reserved, Device.Cpu.MemoryStatistics.BytesReserved);
        Assert.Equal(inUse, Device.Cpu.MemoryStatistics.BytesInUse);

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
        long before = Device.Cpu.MemoryStatistics.BytesInUse;
        Device.Cpu.MemoryStatistics.ResetPeak();
        using (MemoryScope.Enter())
            model.Forward(images);
        Assert.InRange(Device.Cpu.MemoryStatistics.PeakBytesInUse - before, 1, 24 << 20);
    }
}
