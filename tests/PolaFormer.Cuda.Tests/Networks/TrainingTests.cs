using PolaFormer.Checkpoints;
using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Cuda.Tests.Networks;

/// <summary>That training on the kernels goes as on the processor, and that checkpoints pass between both.</summary>
public class TrainingTests
{
    private const int Images = 2, Steps = 3;

    private static readonly VisionModelConfig s_config = ModelRegistry.Families.SelectMany(family => family.Tiny).ToDictionary()["pola_pvt"];

    public static TheoryData<string> Optimizers => ["adamw", "sgd", "muon"];

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Steps_are_the_processors(string optimizer)
    {
        (float[] Losses, float[] Weights, float[] Average) expected = Train(optimizer, Device.Cpu), actual = Train(optimizer, FibreDevice.Create(order: 0));

        Assert.True(expected.Losses[^1] < expected.Losses[0]);
        AssertClose(1e-5, expected.Losses, actual.Losses, "losses");
        AssertClose(1e-4, expected.Weights, actual.Weights, "weights");
        AssertClose(1e-4, expected.Average, actual.Average, "average");
    }

    [Fact]
    public void A_second_run_has_the_same_bits()
    {
        float[] first = Train("adamw", FibreDevice.Create(order: 0)).Weights;
        Assert.Equal(first, Train("adamw", FibreDevice.Create(order: 1)).Weights);
    }

    [Fact]
    public void A_step_takes_no_new_memory_and_gives_all_of_it_back()
    {
        CudaDevice device = FibreDevice.Create(order: 0);
        var reserved = new List<long>();
        var inUse = new List<long>();
        Train("adamw", device, () =>
        {
            // What was made before the steps and is no longer used goes with the garbage, whenever it is collected.
            if (reserved.Count == 0)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            reserved.Add(device.MemoryStatistics.BytesReserved);
            inUse.Add(device.MemoryStatistics.BytesInUse);
        });
        Assert.Equal(reserved[1], reserved[2]);
        Assert.Equal(inUse[1], inUse[2]);
    }

    [Theory]
    [InlineData("pola_pvt")]
    [InlineData("polaformer_pp")]
    [InlineData("deit")]
    public void A_forward_pass_keeps_little_more_than_half_in_mixed_precision(string host)
    {
        long whole = Kept(isMixed: false), mixed = Kept(isMixed: true);
        Assert.True(mixed < 0.65 * whole, $"{mixed} bytes beside {whole}");

        long Kept(bool isMixed)
        {
            CudaDevice device = FibreDevice.Create(order: 0);
            device.IsMixedPrecision = isMixed;
            VisionModelConfig config = ModelRegistry.Families.SelectMany(family => family.Tiny).ToDictionary()[host];
            VisionModel model = config.Create();
            model.Initialize(1);
            model.Train();
            model.To(device);
            Tensor images = Tensor.Full([8, config.ImageSize, config.ImageSize, 3], 1, device);
            long before = device.MemoryStatistics.BytesInUse;
            using MemoryScope scope = MemoryScope.Enter();
            using var tape = Tape.Start();
            model.Forward(images);
            return device.MemoryStatistics.BytesInUse - before;
        }
    }

    [Fact]
    public void A_checkpoint_of_a_device_is_the_processors_and_goes_back()
    {
        CudaDevice device = FibreDevice.Create(order: 0);
        VisionModel there = s_config.Create(), here = s_config.Create();
        there.Initialize(1);
        here.Initialize(2);
        there.To(device);
        string path = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.safetensors");
        try
        {
            SafetensorsWriter.Write(path, there.StateDict().Select(entry => new CheckpointTensor(entry.Name, entry.Tensor.DType, entry.Tensor.Shape, entry.Tensor.ReadBytes)));
            using Checkpoint checkpoint = Checkpoint.Open(path);
            ModelLoader.LoadStrict(here, checkpoint);
            Assert.Equal(Values(there), Values(here));
            here.To(device);
            here.Initialize(3);
            ModelLoader.LoadStrict(here, checkpoint);
            Assert.Equal(Values(there), Values(here));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static (float[] Losses, float[] Weights, float[] Average) Train(string name, Device device, Action? onStep = null)
    {
        VisionModel model = s_config.Create();
        model.Initialize(1);
        model.Train();
        model.To(device);
        VisionModel average = s_config.Create();
        average.To(device);
        var ema = new ModelEma(average, model, 0.5);
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Split(model, 0.05);
        Optimizer optimizer = name switch { "adamw" => new AdamW(groups), "sgd" => new Sgd(groups, 0.9), _ => new Muon(groups) };
        Tensor images = Noise(device), targets = SoftTargets.FromLabels([1, 0], model.NumClasses, 0.1f, device);
        var losses = new float[Steps];
        for (int step = 0; step < Steps; step++)
        {
            RandomStep.Current = new RandomStep(5, (ulong)step);
            using (MemoryScope.Enter())
            using (var tape = Tape.Start())
            {
                Tensor loss = model.Forward(images).CrossEntropy(targets).Mean();
                model.ZeroGrad();
                tape.Backward(loss);
                losses[step] = loss.Item();
            }

            using (MemoryScope.Enter())
            {
                GradientClipping.ByNorm(model.Parameters(), 5);
                optimizer.Step(1e-3);
                ema.Update(step);
            }

            onStep?.Invoke();
        }

        return (losses, Values(model), Values(average));
    }

    private static Tensor Noise(Device device)
    {
        var random = new Random(1);
        return Tensor.From([.. Enumerable.Range(0, Images * s_config.ImageSize * s_config.ImageSize * 3).Select(_ => random.NextSingle())], [Images, s_config.ImageSize, s_config.ImageSize, 3], device);
    }

    private static float[] Values(Module module) => [.. module.Parameters().SelectMany(parameter => parameter.ToArray())];

    private static void AssertClose(double tolerance, float[] expected, float[] actual, string what) =>
        Distance.AssertWithin(tolerance, [.. expected.Select(value => (double)value)], [.. actual.Select(value => (double)value)], what);
}
