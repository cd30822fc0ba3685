using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// Sines and cosines for <see cref="Rotate"/> of the tokens of a grid: channel c of the first h channels turns by row·angle[c], channel
/// h + c by column·angle[c]; (H·W, 2·h) each. Constants: no gradient.
/// </summary>
internal static class RotaryTables
{
    public static (Tensor Sin, Tensor Cos) Forward(Tensor angle, int height, int width, Device? device)
    {
        Tape.RequireUntracked(nameof(RotaryTables), angle);
        if (angle.Rank != 1)
            throw new ArgumentException($"Rotary tables take a vector of angles; got {angle.Shape}.", nameof(angle));
        Shape shape = [checked(height * width), 2 * angle.Shape[0]];
        device ??= angle.Device;
        Tensor sin = device.Empty(shape), cos = device.Empty(shape);
        device.Run(new Call(angle, height, width, sin, cos));
        return (sin, cos);
    }

    internal readonly record struct Call(Tensor Angle, int Height, int Width, Tensor Sin, Tensor Cos) : IDeviceCall
    {
        public string Name => nameof(RotaryTables);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Sin);
            call.Writes(Cos);
            call.Reads(Angle);
        }

        public unsafe void OnCpu() => Kernels.RotaryTables.Run(Angle.Data, Angle.Shape[0], Height, Width, Sin.Data, Cos.Data);
    }
}
