using PolaFormer.NN;
using PolaFormer.NN.Tests;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Models.Tests;

/// <summary>Networks compute on the device of their parameters and read none of their tensors.</summary>
public class DeviceTests
{
    private static readonly Dictionary<string, VisionModelConfig> Networks = ModelRegistry.Families.SelectMany(family => family.Tiny).ToDictionary();

    public static TheoryData<string> Names => [.. Networks.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void ATrainingStepHasTheBitsOfTheProcessor(string name)
    {
        VisionModelConfig config = Networks[name] with { DropPathRate = 0.3f };
        AssertSame(config.Create, TestImages.Make(2, config.ImageSize));
    }

    [Theory]
    [InlineData("softmax")]
    [InlineData("reformer")]
    [InlineData("bigbird")]
    public void SoHasOneOfASequenceClassifier(string attention)
    {
        var config = new SequenceClassifierConfig { Attention = attention, NumClasses = 3, VocabularySize = 12, MaxLength = 32, Dim = 8, NumHeads = 2, HeadDim = 4, HiddenDim = 8, UsesClassToken = true, DropRate = 0.2f };
        long[] tokens = [.. Enumerable.Range(0, 2 * 32).Select(i => i % 32 > 25 ? 0L : 1 + (i % 10))];
        AssertSame(() => new SequenceClassifier(config), Tensor.From(tokens, [2, 32]));
    }

    private static void AssertSame(Func<Module> create, Tensor input)
    {
        var device = new SeparateDevice();
        (float[][] expected, float[][] actual) = (Step(create(), input, Device.Cpu), Step(create(), input, device));
        Assert.Equal(expected.Length, device.Reads);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i]);
    }

    private static float[][] Step(Module module, Tensor input, Device device)
    {
        module.Initialize(1);
        module.To(device);
        module.Train();
        RandomStep.Current = new RandomStep(3, 1);
        using var tape = Tape.Start();
        Tensor y = module.Forward(input.To(device)).LogSoftmax();
        tape.Backward(y.Slice(1, 1, 1).Mean());
        return [y.ToArray(), .. module.Parameters().Where(parameter => parameter.Grad is not null).Select(parameter => parameter.Grad!.ToArray())];
    }
}
