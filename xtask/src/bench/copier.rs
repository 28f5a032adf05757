//! The floor: a TCP copier that knows nothing of what it copies. Two threads for each connection,
//! read and write, no delay.

use std::io::{Read, Result, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

/// Copies every connection to another address. Prints its own address first.
pub(crate) fn serve(listen: SocketAddr, to: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(listen)?;
    println!("{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let inside = stream?;
        inside.set_nodelay(true)?;
        let outside = TcpStream::connect(to)?;
        outside.set_nodelay(true)?;
        let (from, into) = (inside.try_clone()?, outside.try_clone()?);
        std::thread::spawn(move || copy(from, into));
        std::thread::spawn(move || copy(outside, inside));
    }
    Ok(())
}

/// Copies one direction until its end.
fn copy(mut from: TcpStream, mut into: TcpStream) {
    let mut buffer = vec![0u8; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if into.write_all(buffer.get(..read).unwrap_or(&[])).is_err() {
            break;
        }
    }
    // The other direction notices by itself; there is nobody to tell when this fails.
    let _ = into.shutdown(Shutdown::Write);
}
