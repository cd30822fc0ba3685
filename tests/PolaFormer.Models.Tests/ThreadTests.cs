using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Models.Tests;

public class ThreadTests
{
    public static TheoryData<string> Families => ["pola_pvt_tiny", "pola_swin_tiny", "polaformer_pp_b0"];

    [Theory]
    [MemberData(nameof(Families))]
    public void LogitsAndGradientsHaveTheSameBitsForOneTwoAndThreeThreads(string name)
    {
        VisionModel model = RegistryTests.Small(name);
        model.Initialize(2);
        float[] one = Run(model, 1);
        Assert.Equal(one, Run(model, 1));
        Assert.Equal(one, Run(model, 2));
        Assert.Equal(one, Run(model, 3));
    }

    private static float[] Run(VisionModel model, int threads)
    {
        int before = Workers.ThreadCount;
        Workers.ThreadCount = threads;
        try
        {
            model.Evaluate();
            model.ZeroGrad();
            using (MemoryScope.Enter())
            using (var tape = Tape.Start())
            {
                Tensor logits = model.Forward(TestImages.Make(2, model.ImageSize));
                float[] values = logits.ToArray();
                tape.Backward(logits.LogSoftmax().Slice(1, 0, 1).Mean());
                return [.. values, .. model.Parameters().Where(parameter => parameter.Grad is not null).SelectMany(parameter => parameter.Grad!.ToArray())];
            }
        }
        finally
        {
            Workers.ThreadCount = before;
        }
    }
}
