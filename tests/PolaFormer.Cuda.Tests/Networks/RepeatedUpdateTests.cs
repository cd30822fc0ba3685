using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Cuda.Tests.Networks;

/// <summary>That updates which are part of repeated work follow the rates of each step, and have the bits of updates that are started one by one.</summary>
public class RepeatedUpdateTests
{
    private const int Steps = 6;

    // A matrix that Muon makes orthogonal, a convolution that it does, too, and two arrays that it leaves to AdamW.
    private static readonly Shape[] s_shapes = [[20, 17], [16, 2, 3, 3], [7], [4, 5]];

    [Theory]
    [InlineData("adamw")]
    [InlineData("sgd")]
    [InlineData("muon")]
    public void Repeated_updates_have_the_bits_of_others(string rule)
    {
        var runtime = new FibreRuntime(order: 0);
        float[][] single = Train(rule, FibreDevice.Create(order: 0), isRepeated: false), whole = Train(rule, new CudaDevice(runtime, "cuda:0"), isRepeated: true);

        Assert.Equal(Steps - 2, runtime.CapturedRuns);
        Assert.Equal(single, whole);
    }

    [Fact]
    public void An_update_that_writes_its_rates_within_the_pass_is_not_taken_down()
    {
        var runtime = new FibreRuntime(order: 0);
        var device = new CudaDevice(runtime, "cuda:0");
        Parameter parameter = new Holder(device).Parameters().ElementAt(2);
        parameter.CopyFrom(new float[7]);
        var optimizer = new Sgd([new([("p", parameter)], 0)], momentum: 0, nesterov: false);
        double rate = 0;
        using RepeatedPass pass = device.Repeat(() =>
        {
            parameter.ZeroGrad();
            using (var tape = Tape.Start())
                tape.Backward(parameter.Sum());
            optimizer.Step(rate);
            return parameter;
        });
        for (int step = 1; step <= 4; step++)
        {
            rate = step;
            pass.Run();
        }

        Assert.Equal("It takes values from the host that are not the same in every run.", pass.WhyNotWhole);
        Assert.Equal(-(1 + 2 + 3 + 4), parameter.ToArray()[0]);
    }

    // Weights, states and averages after the steps.
    private static float[][] Train(string rule, CudaDevice device, bool isRepeated)
    {
        Holder model = new(device), average = new(device);
        Parameter[] parameters = [.. model.Parameters()];
        var ema = new ModelEma(average, model, 0.9, warmsUp: true);
        ParameterGroup[] groups = [new([("a", parameters[0]), ("b", parameters[2])], 0.05), new([("c", parameters[1]), ("d", parameters[3])], 0, LearningRateScale: 0.5)];
        Optimizer optimizer = rule switch { "adamw" => new AdamW(groups), "sgd" => new Sgd(groups), _ => new Muon(groups) };
        Tensor factor = Tensor.Full([1], 1, device);
        using RepeatedPass pass = device.Repeat(() =>
        {
            Gradients();
            optimizer.Update();
            ema.Update();
            return factor;
        });
        for (int step = 0; step < Steps; step++)
        {
            factor.CopyFrom([step + 1f]);
            double rate = 0.01 / (1 + step);
            if (isRepeated)
            {
                optimizer.Begin(rate);
                ema.Begin(step);
                pass.Run();
            }
            else
            {
                Gradients();
                optimizer.Step(rate);
                ema.Update(step);
            }
        }

        return [.. parameters.Concat<Tensor>(average.Parameters()).Concat(optimizer.StateDict().Select(entry => entry.Tensor)).Select(tensor => tensor.ToArray())];

        void Gradients()
        {
            model.ZeroGrad();
            using var tape = Tape.Start();
            Tensor loss = parameters.Select(parameter => (parameter * parameter * factor).Sum()).Aggregate((a, b) => a + b);
            tape.Backward(loss);
        }
    }

    private sealed class Holder : Module
    {
        public Holder(Device device)
        {
            using IDisposable use = device.Use();
            var random = new Random(1);
            foreach ((int number, Shape shape) in s_shapes.Index())
                AddParameter($"p{number}", shape, Initializer.Zeros).CopyFrom([.. Enumerable.Range(0, (int)shape.Count).Select(_ => random.NextSingle() - 0.5f)]);
        }

        protected override Tensor Run(Tensor x) => x;
    }
}
