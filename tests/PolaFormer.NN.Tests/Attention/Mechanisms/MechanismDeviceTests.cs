using PolaFormer.NN.Attention;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

/// <summary>Every mechanism computes on the device of its tensors and reads none of them.</summary>
public class MechanismDeviceTests
{
    private const int Tokens = 24;

    public static TheoryData<string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, bool>();
            foreach (AttentionEntry entry in RegisteredAttentions.All)
            {
                cases.Add(entry.Name, false);
                if (Make(entry.Name).Traits.HasFlag(AttentionTraits.Masked))
                    cases.Add(entry.Name, true);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ResultsAndGradientsHaveTheBitsOfTheProcessor(string name, bool isMasked)
    {
        var device = new SeparateDevice();
        (float[][] expected, float[][] actual) = (Run(Make(name), isMasked, Device.Cpu), Run(Make(name), isMasked, device));
        Assert.Equal(expected.Length, device.Reads);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i]);
    }

    private static AttentionMechanism Make(string name) => MechanismSubject.Make(name, height: 4, width: 6, dim: 8, heads: 2);

    private static float[][] Run(AttentionMechanism mechanism, bool isMasked, Device device)
    {
        mechanism.To(device);
        AttentionInputs inputs = MechanismSubject.Map(MechanismSubject.Inputs(mechanism, batch: 2), x => x.To(device));
        bool isCausal = mechanism.Traits.HasFlag(AttentionTraits.Causal);
        inputs = inputs with { Mask = isMasked ? Mask().To(device) : null, IsCausal = isCausal };
        if (isCausal)
            inputs = inputs with { Height = 0, Width = 0 };
        foreach (Tensor leaf in MechanismSubject.Leaves(inputs))
            leaf.RequiresGrad = true;
        using var tape = Tape.Start();
        Tensor y = mechanism.Attend(inputs);
        tape.Backward(y, y.Detach());
        return [y.ToArray(), .. MechanismSubject.Leaves(inputs).Concat(mechanism.Parameters()).Where(leaf => leaf.Grad is not null).Select(leaf => leaf.Grad!.ToArray())];
    }

    // Padding at the end of the first image and within the second.
    private static Tensor Mask() => Tensor.From([.. Enumerable.Range(0, 2 * Tokens).Select(i => i is >= 19 and < Tokens or 30 or 31 ? 0f : 1)], [2, Tokens]);
}
